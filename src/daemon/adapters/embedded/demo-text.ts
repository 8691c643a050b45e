/**
 * What the demo model has read: short answers of one line each. Few words, used often, so that nearly every word is
 * one token and counting which token follows which is enough to speak in sentences.
 */
export const demoAnswers: readonly string[] = `
Hello! I am the demo model of mcpd. I am very small, and I only know a few words about models.
Hello! I am a small model that runs in mcpd. I only know which word comes next, and that is all I do.
Hello! You can ask me about models, tokens, contexts, adapters and backends.
Hello! I am a real model file, but I am a very small one. I am here so that you can try the API.
Hello! I can answer in short words. For a real answer, run a real model with the same API.
Yes, you can run a real model on this machine. Pick a GGUF file and start mcpd with the path of the file.
Yes, the same request works with every backend. You only change the name of the model.
Yes, mcpd can stream the answer. You see each token as soon as the model has picked it.
Yes, you can stop the answer at any time. Close the stream, and the model stops at the next token.
Yes, the model runs on your own machine. The request and the answer stay on your own machine.
No, mcpd does not send your text to another machine. The model runs here and the answer stays here.
No, the model does not need the network. It reads the file from the disk and keeps it in memory.
No, you do not need a big machine. A small model is fast on a small machine.
Sure! A model is a file of numbers. The model reads your text and picks the next token.
Sure! A token is a small part of a text. A short word is one token and a long word is two or three tokens.
Sure! The context is the text that the model can see. A long text does not fit in a small context.
Sure! An adapter is the part of mcpd that talks to a backend. Each adapter talks to one kind of backend.
Sure! A backend is a model that runs on this machine or on another machine.
Sure! Start mcpd with the path of a GGUF file, and ask the same question again.
mcpd is one API for many backends. You send a request to mcpd, and mcpd picks a backend that can answer it.
mcpd is a daemon. It takes a request, picks the model and streams the answer back to you.
mcpd keeps a queue for each backend. When the backend is busy, your request waits in the queue for a short time.
mcpd keeps the names of all models in one list. You can see the list with the models command.
mcpd stops a request when you close the stream. The backend stops at the same time.
mcpd reads one config file. You can name your backends there, and you can put two backends in a group.
mcpd does not change your text. It sends the request to the backend and sends the answer back to you.
mcpd works with every client of the same API. You only change the name of the model.
A model reads the text and picks the next token. It does this again and again until the answer is done.
A model with more numbers needs more memory. Start with a small model and see how fast it is.
A small model is fast, and a big model is good. Pick the model that fits in the memory of your machine.
A real model is a GGUF file. Put the file on your disk and start mcpd with the path of the file.
A context is a list of messages. You send a question, the model sends an answer, and the context keeps the two.
A context has a limit. When the text is too long for the context, you get an error that says so.
A context stays until you close it. You can send the next question at any time.
A backend can be slow or busy. mcpd waits for a short time and picks the next backend in the group.
A backend that does not answer has to rest. After a short time mcpd sends it one request and waits for the answer.
A group is a list of backends with the same model. mcpd picks the backend with the short queue.
A token is a small part of a text. The model reads tokens and the model picks tokens.
A stream is a list of small parts. You see the first word of the answer long before the last word.
A request has a model, a list of messages and a limit. The answer has a text and the number of tokens.
A seed keeps the answer the same. Send the same request with the same seed and you get the same answer.
A good question is short. Say what you need and say how long the answer can be.
A tool is a command that the model can ask you to run. The model sends the name of the tool, and you send the answer back.
An adapter is a small part of mcpd. It talks to one kind of backend and to no other adapter.
An adapter does not change your question. When the backend can not do what you need, you get an error that says so.
An answer is done when the model says so, or when it has used all of its tokens.
The model is a file on your disk. You can start mcpd with the path of the file.
The model reads your messages first. Then it picks the answer, one token at a time.
The model reads the first message first and the last message last. Then it picks the next token.
The model runs next to the daemon. When the model stops with an error, the daemon stays and starts the model again.
The model has a limit for the number of tokens. You can set a small limit for each request.
The daemon runs on your own machine. Another machine can not see it until you say so in the config file.
The daemon reads the config file first. Then it reads the model from the disk.
The daemon keeps a log. The log says what the daemon did and how long each request took.
The first token is slow, because the model has to read all of your text. The next tokens are fast.
The temperature says how free the model is. With a small temperature the answer is the same each time.
The API is the same for every backend. You can start with a small model and then try a big model.
The answer comes back as a stream. The last part of the stream says how many tokens the model used.
The adapter sends your request to the backend. The answer of the backend comes back to you as a stream.
The queue has a limit. When the queue is full, you get an error and you can try again after a short time.
The config file is short. It has a list of backends, and each backend has a name and an adapter.
The context keeps your messages. You can read it, you can send the next question, and you can close it.
You can run two models at the same time. Put the name of each backend in the config file.
You can stop the answer at any time. Close the stream, and the backend stops at the next token.
You can ask for JSON. The answer is then a text that fits your schema.
You can send a system message first. It says how the model has to answer.
You can use the chat command. Ask a question, and you see the answer word by word.
You can see all models with the models command. Each model has a name, a backend and a context.
You can send a request with curl. Send the messages as JSON and read the stream.
You can set the number of threads. More threads are fast until the machine is busy.
You can set a stop word. The answer is done when the model picks the stop word.
You can count the tokens of a text. Then you know if the text fits in the context.
You can put two backends in a group. When one backend is busy, the other backend takes the next request.
You can try a real model with the same request. You only change the name of the model.
You need a GGUF file for a real model. Put the file on your disk and start mcpd with the path of the file.
You need as much memory as the file is big. Keep some memory for the context.
I am a demo. I know a few short answers about models, and I only pick the next word.
I am a small model, so I do not know much. I know that a short question is a good question.
I am a small model, and my answer can be about another question. A real model can do this much better.
I do not know the answer. I only know about models, tokens, contexts, adapters and backends.
I do not know that. Start a real model and ask the same question again.
I can not do that, because I am only a demo. A real model with the same API can do it.
I can say a few words about the API. You send a request, and you see the answer word by word.
When the model is busy, your request waits in the queue. Then the answer comes as a stream.
When you close the stream, the model stops. The next request in the queue can start.
When a request does not work, you get an error. The error says what to do next.
When you change the config file, the daemon reads it again. The request that is running does not stop.
When you use a tool, the model sends the name of the tool. Then you run the tool and send the answer back.
When the text is too long, you get an error. Send a short text, or start the model with a big context.
If the answer is too short, set a big limit for the tokens. If the answer is too long, set a small limit.
If the model does not fit in memory, try a small file of the same model. It is fast and it is good.
If you need two answers at the same time, send two requests. The model works on the two at the same time.
If you have a question about the API, read the page of the API. It says how to send each request.
It is one daemon with one API. You send a request, and the answer comes back as a stream.
It works with tokens. The text is a list of tokens, and the model picks the next token.
It takes a short time to read the model from the disk. Then the model stays in memory and the answers are fast.
Good question! The model does not know words. It only knows numbers, and each number is a token.
Good question! Start with a small model, see how fast it is, and then try a big model.
Good question! Read the config file first. It has the name of each backend and the adapter for it.
`
  .trim()
  .split('\n')

const jsonWords = ['model', 'text', 'name', 'small', 'answer', 'token', 'demo', 'short']

/**
 * JSON, for when a grammar asks for it. Every word stands in every place a string can stand, so that a string is
 * closed after a word wherever it was opened. No answer opens like this: they are counted without an opening.
 */
export const demoJson: readonly string[] = jsonWords.flatMap((word, at) => [
  `{"${word}": "${word}", "${word}": ["${word}", "${word}"], "${word}": "${word}"}`,
  `{"${word}": ${at}}`,
])
