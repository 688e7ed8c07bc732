from setuptools import setup

setup(name="open-r1-maths", install_requires=["trl[vllm]==0.18.0", "vllm==0.8.5.post1"])
