import asyncio

import art
from art.local import LocalBackend
from rollout import rollout

model = art.TrainableModel(name="007", project="chess", base_model="Qwen/Qwen2.5-7B-Instruct")
model._internal_config = art.dev.InternalModelConfig(
    init_args=art.dev.InitArgs(max_seq_length=8192, enable_prefix_caching=False),
    engine_args=art.dev.EngineArgs(
        enforce_eager=True,
        gpu_memory_utilization=0.8,
        num_scheduler_steps=1,
    ),
)


async def main() -> None:
    await model.register(LocalBackend())
    for _ in range(await model.get_step(), 100):
        groups = await art.gather_trajectory_groups(
            art.TrajectoryGroup(rollout(model) for _ in range(8)) for _ in range(4)
        )
        await model.train(groups, config=art.TrainConfig(learning_rate=1e-5))


asyncio.run(main())
