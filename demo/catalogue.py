"""Products, partners, people and prices of the demo."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from demo.companies import with_check_digits
from domain.access import Role
from domain.money import Cents
from domain.orders import OrderType
from domain.policies import Policy
from domain.prices import Tier
from domain.products import ProductDetails


class Product(NamedTuple):
    """Product, its share of the orders, and its price without discount."""

    code: str
    name: str
    included_seats: int
    share: float
    monthly: int
    setup: int
    seat_monthly: int
    seat_setup: int


class Person(NamedTuple):
    """User of a partner or the vendor."""

    login: str
    name: str
    role: Role


class Vendor(NamedTuple):
    """Vendor, whose users see all partners."""

    name: str
    cnpj: str
    domain: str
    people: tuple[Person, ...]


class PriceTable(NamedTuple):
    """Price table, and its prices in per cent of the products'."""

    name: str
    percent: int


class Partner(NamedTuple):
    """Partner, its share of the demo, and the price tables that it buys by, the preselected one first."""

    name: str
    cnpj: str
    domain: str
    price_tables: tuple[PriceTable, ...]
    share: float
    people: tuple[Person, Person, Person]
    policy: Policy = Policy()
    suspension_reason: str | None = None


PRODUCTS = (
    Product("COMPLETO", "Moderniza Completo", 3, 0.5, 89_90, 250_00, 19_90, 0),
    Product("LIGHT", "Moderniza Light", 1, 0.35, 49_90, 120_00, 14_90, 0),
    Product("SPED", "Módulo SPED", 1, 0.15, 39_90, 180_00, 9_90, 25_00),
)

RETIRED = ProductDetails("CLASSICO", "Moderniza Clássico", included_seats=2, active=False)
"""Product that no partner can order."""

_PURCHASE_STEPS = ((1, 100, 0), (10, 95, 1), (25, 90, 3), (50, 84, 8), (100, 78, 20), (500, 70, 120))
"""From which quantity on, what per cent of the price, and how many on top."""

_SEAT_STEPS = ((1, 100, 0), (20, 92, 0), (100, 85, 5))


def people(manager: str, operator: str, viewer: str) -> tuple[Person, Person, Person]:
    """Return a user of each role."""
    return (
        Person("gerente", manager, Role.MANAGER),
        Person("operador", operator, Role.OPERATOR),
        Person("consulta", viewer, Role.VIEWER),
    )


OURO, PRATA = PriceTable("Pauta Preço Ouro", 100), PriceTable("Pauta Preço Prata", 106)
PRICE_TABLES = OURO, PRATA

RISE_PERCENT = 104
"""Prices of the next version of a price table, in per cent of the first one's."""

PARTNERS = (
    Partner(
        name="Alfa Automação Comercial Ltda",
        cnpj=with_check_digits("167272300001"),
        domain="alfa.example",
        price_tables=(OURO, PRATA),
        share=0.6,
        people=people("Mariana Gonçalves Prado", "João Batista Nogueira", "Cecília Araújo Lima"),
    ),
    Partner(
        name="Beta Sistemas e Equipamentos Fiscais Ltda",
        cnpj=with_check_digits("289165430001"),
        domain="beta.example",
        price_tables=(PRATA,),
        share=0.25,
        people=people("Antônio Carlos Menezes", "Patrícia Hoffmann", "Túlio Vasconcelos"),
        policy=Policy(
            four_eyes=True,
            approval_ceiling=Cents(50_000_00),
            stock_warning_below=5,
            # This machine, so that its tokens work where the demonstration runs, and a network of documentation.
            api_token_networks=("127.0.0.0/8", "192.0.2.0/24", "::1/128"),
            points_per_second=20_000,
        ),
    ),
    Partner(
        name="Gama Informática e Soluções S.A.",
        cnpj=with_check_digits("GA4M1B2C0001"),
        domain="gama.example",
        price_tables=(PRATA,),
        share=0.15,
        people=people("Renata Sant’Anna Simões", "Éverton Luís Kowalski", "Débora Nakamura"),
        policy=Policy(second_factor_required=True),
        suspension_reason="inadimplência",
    ),
)


VENDOR = Vendor(
    name="Grupo Moderniza",
    cnpj=with_check_digits("403217650001"),
    domain="moderniza.example",
    people=(
        Person("admin", "Helena Martins Duarte", Role.VENDOR_ADMIN),
        Person("vendas", "Rogério Tavares Pinto", Role.VENDOR_SALES),
    ),
)


def tiers(product: Product, percent: int) -> Mapping[OrderType, tuple[Tier, ...]]:
    """Return the tiers of a product and of its additional seats."""
    return {
        OrderType.PURCHASE: tuple(_tiers(_PURCHASE_STEPS, product.monthly, product.setup, percent)),
        OrderType.ADDITIONAL_SEATS: tuple(_tiers(_SEAT_STEPS, product.seat_monthly, product.seat_setup, percent)),
    }


def _tiers(steps: tuple[tuple[int, int, int], ...], monthly: int, setup: int, percent: int) -> Iterator[Tier]:
    for minimum, step_percent, bonus in steps:
        yield Tier(
            minimum_quantity=minimum,
            unit_monthly_price=Cents(monthly * step_percent * percent // 10_000),
            unit_setup_fee=Cents(setup * step_percent * percent // 10_000),
            bonus_quantity=bonus,
        )
