set -x
temperature=0.8
rollout_mode='async'
host=$(hostname -i | awk '{print $1}')
tool_server_url=http://$host:5500/get_observation
python -m verl_tool.servers.serve --host $host --port 5500 --tool_type "python_code" &
server_pid=$!

PYTHONUNBUFFERED=1 python3 -m verl_tool.trainer.main_ppo \
    algorithm.adv_estimator=grpo \
    algorithm.rollout_is=true \
    algorithm.rollout_is_threshold=2.0 \
    actor_rollout_ref.agent.enable_agent=True \
    actor_rollout_ref.agent.tool_server_url=$tool_server_url \
    +actor_rollout_ref.agent.logprobs=True \
    actor_rollout_ref.rollout.name=vllm \
    actor_rollout_ref.rollout.mode=$rollout_mode \
    actor_rollout_ref.rollout.temperature=$temperature \
    actor_rollout_ref.rollout.top_k=20 \
    trainer.nnodes=1

kill $server_pid
