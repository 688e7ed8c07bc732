#!/bin/bash
TEMPERATURE=1.0
MICRO_ROLLOUT_BATCH_SIZE=1024
while [[ "$#" -gt 0 ]]; do
  case "$1" in
    --temperature) TEMPERATURE="$2"; shift 2 ;;
    *) echo "Unknown option: $1"; exit 1 ;;
  esac
done

ray job submit --address=${HEAD_IP}:8265 \
  -- python -m verl.trainer.main_ppo \
  algorithm.adv_estimator=grpo \
  actor_rollout_ref.rollout.name=vllm \
  actor_rollout_ref.rollout.temperature=$TEMPERATURE \
  actor_rollout_ref.rollout.enable_chunked_prefill=False \
  actor_rollout_ref.rollout.micro_rollout_batch_size=$MICRO_ROLLOUT_BATCH_SIZE \
  trainer.remove_clip=False \
  trainer.nnodes=1
