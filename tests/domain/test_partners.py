"""Statuses of partners."""

import pytest

from domain.languages import Language
from domain.partners import TRANSITIONS, PartnerStatus, PartnerSuspended, PartnerTransition, check_active, move


@pytest.mark.parametrize("current", PartnerStatus)
@pytest.mark.parametrize("to", PartnerStatus)
def test_a_partner_changes_its_status_as_the_table_says(current: PartnerStatus, to: PartnerStatus) -> None:
    if to in TRANSITIONS[current]:
        assert move(current, to) is to
    else:
        with pytest.raises(PartnerTransition) as refused:
            move(current, to)
        assert (refused.value.current, refused.value.to) == (current, to)


def test_a_closed_partner_stays_closed_and_no_status_leads_to_itself() -> None:
    assert TRANSITIONS[PartnerStatus.CLOSED] == frozenset()
    assert all(status not in following for status, following in TRANSITIONS.items())


def test_the_sentence_of_a_suspension_has_its_reason() -> None:
    with pytest.raises(PartnerSuspended) as refused:
        check_active(PartnerStatus.SUSPENDED, "inadimplência.")

    assert "(inadimplência)" in refused.value.message(Language.PORTUGUESE)
