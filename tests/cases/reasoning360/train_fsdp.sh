#!/bin/bash
#SBATCH --nodes=4
export STEM_LLM_JUDGE_URL="http://10.0.0.7:8000"
temperature=1.0
top_k=-1

"${CONDA_BIN_PATH}python" -m recipe.dapo.main_dapo \
    --config-path=config \
    --config-name="dapo_fsdp_config.yaml" \
    actor_rollout_ref.rollout.name=vllm \
    actor_rollout_ref.rollout.mode="sync" \
    actor_rollout_ref.rollout.free_cache_engine=False \
    actor_rollout_ref.rollout.temperature=${temperature} \
    actor_rollout_ref.rollout.top_k=${top_k} \
    actor_rollout_ref.rollout.val_kwargs.temperature=${temperature} \
    reward_model.reward_manager=async_multi_process \
    trainer.nnodes=4
