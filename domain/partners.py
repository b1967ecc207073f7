"""Refusals when the vendor creates or names a partner, and when its users act for one."""

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


class PartnerRequired(Refusal):
    """A user of the vendor must name the partner to act for."""

    text = Text(
        pt="Diga para qual parceiro isto é feito: os usuários do fornecedor agem em nome de um parceiro.",
        en="Say which partner this is for: the vendor's users act on behalf of a partner.",
    )


class VendorCnpjRequired(Refusal):
    """The vendor's first user comes with the CNPJ of the vendor."""

    text = Text(
        pt="Este é o primeiro usuário do fornecedor: informe também o CNPJ do fornecedor.",
        en="This is the vendor's first user: give the vendor's CNPJ too.",
    )
