"""The words for operations: none may lack them, and everything that a revision can be called has some."""

import pytest

from bot.services.operations.registry import OPERATIONS, operation_called
from bot.ui.wording.registry import WORDINGS


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.kind)
def test_every_operation_has_words(operation):
    """A title, what is said meanwhile, and a sentence's worth of what was asked."""
    wording = WORDINGS[operation.kind]
    assert wording.title
    assert wording.at_work
    assert wording.describe(operation.options_type()) is not None


@pytest.mark.parametrize("name", sorted(set(WORDINGS) - {"upload"}))
def test_every_name_of_a_revision_leads_to_an_operation(name):
    """Stored options are read back by that name."""
    assert operation_called(name).options_type is not None
