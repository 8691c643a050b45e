"""What FastChat makes of conversations, in each of its styles: for fixtures/streams/fastchat/conversations.json."""

import dataclasses, json, sys
from fastchat.conversation import Conversation, SeparatorStyle
# The words are ours; what is recorded is how the library puts them together.
turns = [["user", "Hello?"], ["assistant", "Hi."], ["user", "More,\nplease."]]
out = []
for style in SeparatorStyle:
    for before in ([], [["Q", "One?"], ["A", "Two."]]):
        conv = Conversation(
            name=style.name.lower(),
            system_template="<<{system_message}>>",
            system_message="Be kind.",
            roles=("Q", "A"),
            messages=before,
            sep_style=style,
            sep="|",
            sep2="</s>",
        )
        def prompt(system):
            c = conv.copy()
            if system is not None:
                c.set_system_message(system)
            for role, text in turns:
                c.append_message(c.roles[0 if role == "user" else 1], text)
            c.append_message(c.roles[1], None)
            return c.get_prompt()
        told = dataclasses.asdict(conv)
        told["sep_style"] = int(style)
        prompts = {"prompt": prompt(None), "withSystem": prompt("Be brief."), "withEmpty": prompt("")}
        out.append({"conv": told, **prompts})
json.dump({"recorded": sys.argv[1], "turns": turns, "templates": out}, sys.stdout)
