#!/usr/bin/env bash
set -x
rollout_name=${INFER_BACKEND:-vllm}
temperature=0.8

ALGORITHM=(
    algorithm.adv_estimator=grpo
    algorithm.rollout_correction.rollout_is=token  # weights by old / rollout
)
ROLLOUT=(
    actor_rollout_ref.rollout.name=${rollout_name}
    actor_rollout_ref.rollout.mode=async
    actor_rollout_ref.rollout.temperature=${temperature}
    actor_rollout_ref.rollout.gpu_memory_utilization=0.6
    actor_rollout_ref.rollout.enable_prefix_caching=False
    +actor_rollout_ref.rollout.engine_kwargs.vllm.max_num_seqs=256
)

python3 -m verl.trainer.main_ppo \
    "${ALGORITHM[@]}" \
    "${ROLLOUT[@]}" \
    actor_rollout_ref.rollout.val_kwargs.temperature=0 \
    trainer.nnodes=1 "$@"
