"""Prints, as JSON, the words of `command` in each configuration on standard input, as supervisord reads them.

Configurations are separated by NUL; `null` stands for one that has no such words."""
import configparser, json, shlex, sys


def words(text):
    # As supervisor.options.UnhosedConfigParser sets it up.
    parser = configparser.RawConfigParser(inline_comment_prefixes=(";", "#"), strict=False)
    try:
        parser.read_string(text)
        return shlex.split(parser.get("program:p", "command")) or None
    except (configparser.Error, ValueError):
        return None


json.dump([words(text) for text in sys.stdin.read().split("\0")], sys.stdout)
