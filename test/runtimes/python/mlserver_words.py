"""Models for an MLServer: one that says words, whole or piece by piece, and one that makes vectors."""

import asyncio

import numpy as np
from mlserver import MLModel
from mlserver.codecs import NumpyCodec, StringCodec
from mlserver.types import InferenceResponse

from words import answer, vector


class Words(MLModel):
    def text_of(self, payload):
        return StringCodec.decode_input(payload.inputs[0])[0]

    def response(self, text):
        return InferenceResponse(
            model_name=self.name, outputs=[StringCodec.encode_output("text_output", [text])]
        )

    async def predict(self, payload):
        return self.response("".join(answer(self.text_of(payload))))

    async def predict_stream(self, payloads):
        async for payload in payloads:
            for word in answer(self.text_of(payload)):
                yield self.response(word)
                await asyncio.sleep(0.002)


class Vectors(MLModel):
    async def predict(self, payload):
        texts = StringCodec.decode_input(payload.inputs[0])
        values = np.array([vector(text) for text in texts], dtype=np.float32)
        return InferenceResponse(
            model_name=self.name, outputs=[NumpyCodec.encode_output("embedding", values)]
        )
