#!/bin/bash
EXP_NAME="${EXP_NAME:-maths_7b}"

uv run python mason.py \
    --cluster here \
    --num_nodes 4 \
    -- source configs/ray_node_setup.sh \&\& python open_instruct/grpo_fast.py \
    --exp_name ${EXP_NAME} \
    --model_name_or_path Qwen/Qwen2.5-7B \
    --temperature 0.7 \
    --inflight_updates \
    --async_steps 4 \
    --vllm_num_engines 8 \
    --vllm_enable_prefix_caching \
    --eval_top_p 0.95 "$@"
