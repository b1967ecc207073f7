"""Partners as an operator names them on the command line, on each engine."""

from uuid import uuid4

import pytest

from domain.partners import UnknownPartner
from resolvers import partners
from resolvers.portal import Portal
from tests.factories import new_partner


@pytest.mark.parametrize("written", ["Ótica Digital {}", "ótica digital {}", "OTICA  DIGITAL {}", " Ótica Digital {} "])
async def test_a_partner_is_found_by_its_name_in_any_case(portal: Portal, written: str) -> None:
    unique = str(uuid4())
    partner_id = await new_partner(portal, name=f"Ótica Digital {unique}")

    assert (await partners.named(portal, written.format(unique))).id == partner_id


async def test_of_partners_with_like_names_the_one_written_so_is_found(portal: Portal) -> None:
    unique = str(uuid4())
    names = [f"{name} {unique}" for name in ("Otica", "Ótica", "ÓTICA")]
    ids = [await new_partner(portal, name=name) for name in names]

    assert [(await partners.named(portal, name)).id for name in names] == ids
    with pytest.raises(UnknownPartner):
        await partners.named(portal, f"ótica {unique}")
