"""HTTP without TLS, as the servers of tests speak it.

A client of httpx else reads all certificates of the machine first, which takes longer than an answer.
"""

import ssl
from functools import partial

import httpx

_NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

Client = partial(httpx.Client, verify=_NO_CERTIFICATES)
AsyncClient = partial(httpx.AsyncClient, verify=_NO_CERTIFICATES)

get = partial(httpx.get, verify=_NO_CERTIFICATES)
post = partial(httpx.post, verify=_NO_CERTIFICATES)
stream = partial(httpx.stream, verify=_NO_CERTIFICATES)
