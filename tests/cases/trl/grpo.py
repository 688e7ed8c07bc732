from trl import GRPOConfig, GRPOTrainer


def main(dataset):
    args = GRPOConfig(
        output_dir="out",
        use_vllm=True,
        vllm_mode="colocate",
        temperature=0.7,
        cast_lm_head_to_fp32=True,
    )
    GRPOTrainer(model="Qwen/Qwen2.5-7B", args=args, train_dataset=dataset).train()
