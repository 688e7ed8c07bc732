set -x
: "${NUM_ENGINES:=4}"
uv run --isolated --extra fsdp -m skyrl.train.entrypoints.main_base \
  generator.inference_engine.backend=vllm \
  generator.inference_engine.num_engines=$NUM_ENGINES \
  generator.inference_engine.gpu_memory_utilization=0.8 \
  generator.inference_engine.engine_init_kwargs.max_num_seqs=128 \
  generator.sampling_params.temperature=0.7 \
  trainer.algorithm.off_policy_correction.tis_ratio_type="token" \
  trainer.epochs=20 \
  $@
