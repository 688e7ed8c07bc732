import httpx


def new_weights(server, path):
    httpx.post(f"{server}/collective_rpc", json={"method": "reload_weights", "args": [path]})
    httpx.post(f"{server}/reset_prefix_cache").raise_for_status()
