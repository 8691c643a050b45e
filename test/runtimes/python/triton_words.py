"""A Triton with Python models that say words: one that streams, one that answers once, one that makes vectors."""

import argparse
import time

import numpy as np
from pytriton.decorators import batch
from pytriton.model_config import ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig, TritonSecurityConfig

from words import answer, vector

text_inputs = [
    Tensor(name="text_input", dtype=bytes, shape=(1,)),
    Tensor(name="stream", dtype=np.bool_, shape=(1,), optional=True),
    Tensor(name="max_tokens", dtype=np.int32, shape=(1,), optional=True),
]
text_outputs = [Tensor(name="text_output", dtype=bytes, shape=(1,))]


def request_of(request):
    prompt = request["text_input"].flatten()[0].decode("utf-8")
    said = answer(prompt)
    if "max_tokens" in request.data:
        said = said[: int(request["max_tokens"].flatten()[0])]
    return prompt, said


def output(text):
    return {"text_output": np.array([[text.encode("utf-8")]])}


def stream_words(requests):
    """Piece by piece, unless it is told not to."""
    prompt, said = request_of(requests[0])
    streams = "stream" in requests[0].data and bool(requests[0]["stream"].flatten()[0])
    if not streams:
        yield [output("".join(said))]
        return
    for at, word in enumerate(said):
        if prompt == "please break" and at == 2:
            raise ValueError("The model broke.")
        yield [output(word)]
        time.sleep(0.002)


def say_words(requests):
    return [output("".join(request_of(request)[1])) for request in requests]


@batch
def embed(text):
    return {"embedding": np.array([vector(one[0].decode("utf-8")) for one in text], dtype=np.float32)}


@batch
def double(numbers):
    return {"doubled": numbers * 2}


def main():
    parser = argparse.ArgumentParser()
    for name in ("http-port", "grpc-port", "metrics-port"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--token", required=True)
    arguments = parser.parse_args()
    config = TritonConfig(
        http_address="127.0.0.1",
        http_port=arguments.http_port,
        grpc_address="127.0.0.1",
        grpc_port=arguments.grpc_port,
        metrics_port=arguments.metrics_port,
        exit_on_error=True,
    )
    # It restricts what tells of all models and what changes them to whoever has the token.
    security = TritonSecurityConfig(access_token=arguments.token)
    with Triton(config=config, security_config=security) as triton:
        triton.bind(
            model_name="words",
            infer_func=stream_words,
            inputs=text_inputs,
            outputs=text_outputs,
            config=ModelConfig(batching=False, decoupled=True),
        )
        triton.bind(
            model_name="whole",
            infer_func=say_words,
            inputs=text_inputs,
            outputs=text_outputs,
            config=ModelConfig(batching=False),
        )
        triton.bind(
            model_name="vectors",
            infer_func=embed,
            inputs=[Tensor(name="text", dtype=bytes, shape=(1,))],
            outputs=[Tensor(name="embedding", dtype=np.float32, shape=(8,))],
            config=ModelConfig(max_batch_size=4),
        )
        triton.bind(
            model_name="double",
            infer_func=double,
            inputs=[Tensor(name="numbers", dtype=np.float32, shape=(-1,))],
            outputs=[Tensor(name="doubled", dtype=np.float32, shape=(-1,))],
            config=ModelConfig(max_batch_size=4),
        )
        triton.serve()


if __name__ == "__main__":
    main()
