"""Names and places of the fictitious companies and people."""

TRADES = (
    "Açougue", "Armarinho", "Auto Peças", "Auto Posto", "Bazar", "Calçados", "Casa de Carnes", "Confecções",
    "Confeitaria", "Distribuidora de Bebidas", "Drogaria", "Empório", "Farmácia", "Ferragens", "Floricultura",
    "Hortifrúti", "Hotel", "Lanchonete", "Livraria", "Materiais de Construção", "Mercearia", "Mercado", "Móveis",
    "Ótica", "Padaria", "Panificadora", "Papelaria", "Perfumaria", "Pet Shop", "Pizzaria", "Relojoaria",
    "Restaurante", "Sorveteria", "Supermercado",
)  # fmt: skip

NAMES = (
    "Alvorada", "Araucária", "Avenida", "Bela Vista", "Boa Esperança", "Bom Jesus", "Cantinho da Vovó", "Central",
    "Cidade Jardim", "Coração de Mãe", "do Zé", "Dois Irmãos", "Dona Benta", "Estação", "Estrela do Sul", "Flor de Lis",
    "Girassol", "Imperial", "Ipê Amarelo", "Ipiranga", "Jabuticaba", "Jequitibá", "Liberdade", "Maçã Verde",
    "Nossa Senhora Aparecida", "Nova Aliança", "Nova Era", "Novo Horizonte", "Pão Quente", "Paraíso", "Pinheirinho",
    "Ponto Certo", "Popular", "Praça da Matriz", "Primavera", "Princesa", "Rainha da Paz", "Recanto", "Rio Branco",
    "Santa Cecília", "Santa Luzia", "Santa Rita", "Santo Antônio", "São Benedito", "São Francisco", "São João",
    "São José", "São Sebastião", "Sol Nascente", "Três Corações", "Três Irmãos", "União", "Vila Nova", "Vitória",
)  # fmt: skip

FAMILIES = (
    "Albuquerque", "Almeida", "Andrade", "Araújo", "Assunção", "Barbosa", "Bianchi", "Brandão", "Camargo", "Cardoso",
    "Conceição", "Corrêa", "Fagundes", "Falcão", "Ferreira", "Fonseca", "Gonçalves", "Guimarães", "Hoffmann",
    "Kowalski", "Leão", "Magalhães", "Mendonça", "Moreira", "Müller", "Nakamura", "Oliveira", "Paixão", "Pereira",
    "Queirós", "Ribeiro", "Salomão", "Sant’Anna", "Schmitt", "Simões", "Tanaka", "Teixeira", "Vasconcelos", "Zanetti",
)  # fmt: skip

FORMS = ("Ltda", "Ltda ME", "Ltda EPP", "ME", "EPP", "Comercial Ltda", "e Filhos Ltda", "S.A.")

CITIES = (
    ("Rio Branco", "AC"), ("Maceió", "AL"), ("Manaus", "AM"), ("Macapá", "AP"), ("Salvador", "BA"),
    ("Feira de Santana", "BA"), ("Vitória da Conquista", "BA"), ("Fortaleza", "CE"), ("Juazeiro do Norte", "CE"),
    ("Brasília", "DF"), ("Vitória", "ES"), ("Cachoeiro de Itapemirim", "ES"), ("Goiânia", "GO"), ("Anápolis", "GO"),
    ("São Luís", "MA"), ("Belo Horizonte", "MG"), ("Uberlândia", "MG"), ("Juiz de Fora", "MG"),
    ("São João del-Rei", "MG"), ("Montes Claros", "MG"), ("Campo Grande", "MS"), ("Cuiabá", "MT"),
    ("Rondonópolis", "MT"), ("Belém", "PA"), ("Santarém", "PA"), ("João Pessoa", "PB"), ("Campina Grande", "PB"),
    ("Recife", "PE"), ("Caruaru", "PE"), ("Teresina", "PI"), ("Curitiba", "PR"), ("Londrina", "PR"),
    ("Maringá", "PR"), ("Foz do Iguaçu", "PR"), ("Rio de Janeiro", "RJ"), ("Niterói", "RJ"), ("Petrópolis", "RJ"),
    ("Natal", "RN"), ("Porto Velho", "RO"), ("Boa Vista", "RR"), ("Porto Alegre", "RS"), ("Caxias do Sul", "RS"),
    ("Santa Maria", "RS"), ("Florianópolis", "SC"), ("Joinville", "SC"), ("Blumenau", "SC"), ("Chapecó", "SC"),
    ("Criciúma", "SC"), ("Aracaju", "SE"), ("São Paulo", "SP"), ("Campinas", "SP"), ("Ribeirão Preto", "SP"),
    ("São José dos Campos", "SP"), ("Santos", "SP"), ("Sorocaba", "SP"), ("Bauru", "SP"), ("Palmas", "TO"),
)  # fmt: skip

ACTIVATION_NOTES = (
    "Caixa 1", "Caixa 2", "Caixa 3", "Servidor da matriz", "Balcão", "Escritório", "Instalado por acesso remoto",
    "Computador novo, comprado em troca do antigo", "Loja do shopping", "Depósito", "Aguardando a impressora fiscal",
)  # fmt: skip

CANCELLATION_NOTES = (
    "Instalado no computador errado", "O computador foi vendido", "O cliente trocou de plano",
    "Teste encerrado", "Chave digitada errada", "Loja em reforma",
)  # fmt: skip

CLIENT_CANCELLATION_NOTES = (
    "Encerrou as atividades", "Mudou de sistema", "Contrato não renovado", "Vendeu o ponto",
)  # fmt: skip

ORDER_NOTES = (
    "Conforme proposta enviada por e-mail", "Campanha de fim de ano", "Para as lojas novas da rede",
    "Reposição do estoque", "Faturar no dia 10",
)  # fmt: skip

ORDER_CANCELLATION_NOTES = (
    "Quantidade errada", "Pedido em duplicidade", "O cliente desistiu", "Preço em negociação",
)  # fmt: skip
