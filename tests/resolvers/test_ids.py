"""Global ids of many objects are those of each."""

from hypothesis import given
from hypothesis import strategies as st

from resolvers import ids

numbers = st.integers(1, 2**63 - 1)
few = st.lists(numbers, min_size=1, max_size=3)


@given(several=st.lists(numbers))
def test_ids_of_many_objects_are_those_of_each(several: list[int]) -> None:
    assert ids.encode_all("Client", several) == [ids.encode("Client", number) for number in several]


@given(several=few.flatmap(lambda known: st.lists(st.sampled_from(known), max_size=20)))
def test_ids_of_objects_that_recur_are_in_their_order(several: list[int]) -> None:
    assert ids.encode_all("Product", several) == [ids.encode("Product", number) for number in several]


@given(several=st.lists(numbers, min_size=1))
def test_each_id_of_many_is_read_again(several: list[int]) -> None:
    assert [ids.number("Client", text) for text in ids.encode_all("Client", several)] == several
