# vLLM on GPUs 6 and 7: swift rollout --model Qwen/Qwen2.5-7B-Instruct
CUDA_VISIBLE_DEVICES=0,1,2,3 \
NPROC_PER_NODE=4 \
swift rlhf \
    --rlhf_type grpo \
    --model Qwen/Qwen2.5-7B-Instruct \
    --torch_dtype bfloat16 \
    --use_vllm true \
    --vllm_mode colocate \
    --vllm_gpu_memory_utilization 0.5 \
    --vllm_tensor_parallel_size 2 \
    --vllm_engine_kwargs '{"async_scheduling": false}' \
    --sleep_level 1 \
    --temperature 0.9 \
    --top_k 50 \
    --rollout_importance_sampling_mode token_truncate \
    --reward_funcs accuracy format \
    --num_generations 8
