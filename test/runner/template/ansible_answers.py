"""What Ansible's own templating says to the questions on stdin, as JSON: the oracle of ansible.test.ts."""
import json
import logging
import sys
import warnings

warnings.simplefilter('ignore')
logging.disable(logging.CRITICAL)

from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible.utils.display import Display

Display.warning = Display.deprecated = lambda *args, **kwargs: None

asked = json.load(sys.stdin)
templar = Templar(loader=DataLoader(), variables=asked['scope'])


def answer(kind, source):
    try:
        if kind == 'expression':
            # In a list, and no text that Ansible would take for a list again.
            return templar.template('x{{ [%s] }}' % source)
        if kind == 'template':
            return templar.template(source)
        if kind == 'file':
            return templar.template(source, convert_data=False, escape_backslashes=False)
        return templar.template('{%% if %s %%}True{%% else %%}False{%% endif %%}' % source, convert_data=False,
                                    escape_backslashes=False)
    except Exception:
        return {'error': True}


json.dump([answer(kind, source) for kind, source in asked['questions']], sys.stdout, default=str)
