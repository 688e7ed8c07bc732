import datasets
import unsloth
from trl import GRPOConfig, GRPOTrainer

model, tokenizer = unsloth.FastLanguageModel.from_pretrained(
    model_name="unsloth/Qwen3-4B-Base",
    max_seq_length=2048,
    load_in_4bit=False,
    fast_inference=True,
    max_lora_rank=32,
    gpu_memory_utilization=0.7,
)
model = unsloth.FastLanguageModel.get_peft_model(model, r=32, lora_alpha=64)

args = GRPOConfig(
    temperature=0.7,
    num_generations=4,
    max_steps=100,
    vllm_importance_sampling_correction=True,
    output_dir="outputs",
)
trainer = GRPOTrainer(
    model=model,
    processing_class=tokenizer,
    args=args,
    train_dataset=datasets.load_dataset("maths")["train"],
)
trainer.train()
