#!/bin/bash
pkill -9 -f "vllm serve"

MODEL_ARGS=(
   --swiglu
   --num-layers 36
   --hidden-size 2560
)
ROLLOUT_ARGS=(
   --hf-checkpoint /data/Qwen3-4B
   --rollout-function-path vime.rollout.fully_async_rollout.generate_rollout_fully_async
   --rollout-batch-size 32
   --rollout-temperature 0.8
   --eval-top-p 0.7
)
VLLM_ARGS=(
   --rollout-num-gpus-per-engine 2
   --vllm-gpu-memory-utilization 0.7
   #--no-vllm-enable-prefix-caching
)
GRPO_ARGS=(--advantage-estimator grpo --use-tis)

ray job submit --address="http://127.0.0.1:8265" \
   -- python3 train_async.py \
   --actor-num-nodes 1 \
   ${MODEL_ARGS[@]} \
   ${ROLLOUT_ARGS[@]} \
   ${GRPO_ARGS[@]} \
   ${VLLM_ARGS[@]}
