#!/usr/bin/env bash
set -euo pipefail
MODEL_PATH=Qwen/Qwen3-4B-Instruct-2507

python -u train.py \
    rllm/backend=verl \
    +model.name=$MODEL_PATH \
    actor_rollout_ref.model.path=$MODEL_PATH \
    actor_rollout_ref.rollout.name=vllm \
    actor_rollout_ref.rollout.temperature=0.6 \
    actor_rollout_ref.rollout.enable_prefix_caching=False \
    rllm.rollout.n=8 \
    rllm.rollout.train.temperature=0.7 \
    rllm.algorithm.rollout_correction.tis_mode=token \
    rllm.async_training.enable=true \
    rllm.async_training.partial_rollout=true \
    trainer.n_gpus_per_node=8 \
    "$@"
