"""A worker of FastChat without a model: its routes are FastChat's own, what it says is made up."""

import argparse
import json
import os
import time

import uvicorn
from fastchat.constants import ErrorCode
from fastchat.conversation import get_conv_template
from fastchat.serve import base_model_worker
from fastchat.serve.base_model_worker import BaseModelWorker, app

from words import answer, vector, words_of


class Tokenizer:
    def num_tokens(self, text):
        return len(words_of(text))

    def __call__(self, text):
        raise TypeError("it only counts")


class WordWorker(BaseModelWorker):
    def __init__(self, controller, address, models):
        super().__init__(controller, address, "words", models[0], models, 5)
        self.tokenizer = Tokenizer()
        self.context_len = 512
        self.init_heart_beat()

    def make_conv_template(self, conv_template=None, model_path=None):
        return get_conv_template("one_shot" if "shot" in (model_path or "") else "dolphin-2.2.1-mistral-7b")

    def objects(self, params):
        prompt = params["prompt"]
        said = answer(prompt)
        limit = int(params.get("max_new_tokens") or 256)
        stops = params.get("stop") or []
        stops = [stops] if isinstance(stops, str) else stops
        text = prompt if params.get("echo") else ""
        counted = len(words_of(prompt))
        reason = "stop"
        for at, word in enumerate(said):
            if at >= limit:
                reason = "length"
                break
            if prompt == "do die" and at == 2:
                os._exit(1)
            if prompt == "please break" and at == 2:
                yield {"text": "The model broke.", "error_code": ErrorCode.INTERNAL_ERROR}
                return
            if any(stop in text + word for stop in stops):
                break
            text += word
            usage = {"prompt_tokens": counted, "completion_tokens": at + 1, "total_tokens": counted + at + 1}
            yield {"text": text, "error_code": 0, "usage": usage, "finish_reason": None}
            time.sleep(0.002)
        done = min(len(said), limit)
        usage = {"prompt_tokens": counted, "completion_tokens": done, "total_tokens": counted + done}
        yield {"text": text, "error_code": 0, "usage": usage, "finish_reason": reason}

    def generate_stream_gate(self, params):
        self.call_ct += 1
        for one in self.objects(params):
            yield json.dumps(one).encode() + b"\0"

    def generate_gate(self, params):
        last = None
        for last in self.objects(params):
            pass
        return last

    def get_embeddings(self, params):
        self.call_ct += 1
        return {
            "embedding": [vector(text) for text in params["input"]],
            "token_num": sum(len(words_of(text)) for text in params["input"]),
        }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--controller", required=True)
    parser.add_argument("--models", nargs="+", default=["words"])
    arguments = parser.parse_args()
    address = f"http://127.0.0.1:{arguments.port}"
    base_model_worker.worker = WordWorker(arguments.controller, address, arguments.models)
    uvicorn.run(app, host="127.0.0.1", port=arguments.port, log_level="warning")
