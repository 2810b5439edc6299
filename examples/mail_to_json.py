#!/usr/bin/env python3
"""Posts each mail of run_functions as JSON to a chat or pager, in place of a mail program.

    [mail]
    to = ["ops@example.org"]                      # a name for the log; no mail is sent
    transport = "sendmail"
    program = "/etc/run_functions/mail_to_json.py"

The runner calls it as it calls sendmail: the message on standard input, the
recipients after `--`. The address of the hook is read from the file
`mail_to_json.url` beside this script (chmod 600: who knows it may post).
Exit 0: posted. Exit 75: try again later, which the runner does. Any other
exit is a mistake in the set-up; what is printed is shown by `mail queue`.
"""

import email
import email.policy
import json
import pathlib
import sys
import urllib.error
import urllib.request

RETRY, SETUP = 75, 78


def main():
    message = email.message_from_binary_file(sys.stdin.buffer, policy=email.policy.default)
    body = message.get_body(("plain",)).get_content()
    essentials = body.split("\n-----", 1)[0].strip()
    facts = dict(
        fact.strip().split("=", 1) for fact in message["X-Run-Functions"].split(";")
    )
    post = {"text": f"{message['Subject']}\n{essentials}", "id": message["Message-ID"], **facts}
    try:
        hook = pathlib.Path(__file__).with_suffix(".url").read_text().strip()
        request = urllib.request.Request(
            hook, json.dumps(post).encode(), {"Content-Type": "application/json"}
        )
    except (OSError, ValueError) as error:
        return fail(f"the address of the hook: {error}", SETUP)
    try:
        urllib.request.urlopen(request, timeout=20).close()
    except urllib.error.HTTPError as error:
        again = error.code == 429 or error.code >= 500
        return fail(f"the hook answered {error.code}", RETRY if again else SETUP)
    except OSError as error:
        return fail(f"the hook cannot be reached: {error}", RETRY)
    return 0


def fail(why, code):
    print(why)
    return code


sys.exit(main())
