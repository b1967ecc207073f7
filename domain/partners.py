"""Refusals when the vendor creates or names a partner."""

from domain.languages import Text
from domain.refusals import Refusal

NAME_LENGTH = 200


class PartnerCnpjTaken(Refusal):
    """A partner has the same CNPJ."""

    text = Text(pt="Já existe um parceiro com este CNPJ.", en="There is a partner with this CNPJ already.")


class UnknownPartner(Refusal):
    """No partner, or more than one, has the name."""

    text = Text(
        pt="Nenhum parceiro, ou mais de um, se chama “{name}”. O CNPJ sempre diz qual é.",
        en="No partner, or more than one, is called “{name}”. Its CNPJ always says which one is meant.",
    )
