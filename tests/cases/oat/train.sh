#!/bin/bash
MODEL=Qwen/Qwen2.5-Math-1.5B
GPUS=8

python -m oat.experiment.run_math_rl \
    --critic-type drgrpo \
    --gpus $GPUS \
    --collocate \
    --vllm_sleep \
    --vllm_gpu_ratio 0.4 \
    --enable_prefix_caching \
    --bf16 \
    --pretrain $MODEL \
    --num_samples 8 \
    --temperature 0.8 \
    --eval_temperature 0 \
    --eval_top_p 0.95
