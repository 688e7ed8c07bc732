#!/bin/bash
MODEL=Qwen/Qwen2.5-7B-Instruct

ROLLOUT_ARGS=(
   --data.prompt_dataset maths.jsonl
   --data.max_len 12288
   --rollout.temperature 0.8
   --rollout.n_samples_per_prompt 8
   # --rollout.top_p 0.95
)
ENGINE_ARGS=(
   --train.async_enable
   --train.partial_rollout_enable
   --vllm.num_engines 4
   --vllm.tensor_parallel_size 2
   --vllm.enable_prefix_caching
)

ray job submit --address="http://127.0.0.1:8265" \
   -- python3 -m openrlhf.cli.train_ppo_ray \
   --actor.model_name_or_path ${MODEL} \
   --algo.advantage.estimator reinforce_baseline \
   --algo.advantage.is_correction_enable \
   --eval.temperature 0.6 \
   ${ROLLOUT_ARGS[@]} \
   ${ENGINE_ARGS[@]}
