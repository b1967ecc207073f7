"""The secret of keyed hashes in a file of its own, for a portal without SECRET_KEY."""

import os
from pathlib import Path
from secrets import token_hex

from server.setting_values import SHORTEST_SECRET, SettingsError


def read(file: Path) -> bytes:
    """Return the secret of the file; raise SettingsError if there is none or it is too short."""
    try:
        return _read(file)
    except FileNotFoundError:
        message = (
            f"SECRET_KEY: it is not set, and {file} does not exist; set it, put the file of the backup there, "
            "or make a new one with: portal migrate"
        )
    except OSError as error:
        message = f"SECRET_KEY: it is not set, and {file} can't be read ({error.strerror})"
    raise SettingsError(message)


def keep(file: Path) -> bool:
    """Create the file with a new secret unless it exists; return whether it was created."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        _read(file)
    except FileNotFoundError:
        pass
    except OSError as error:
        message = f"SECRET_KEY: it is not set, and {file} can't be read ({error.strerror})"
        raise SettingsError(message) from None
    else:
        return False
    # Two processes may do this at once: each writes a file of its own, and the one that is linked first is kept.
    draft = file.with_name(f".{file.name}.{token_hex(8)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as opened:
            opened.write(token_hex(32) + "\n")
        try:
            os.link(draft, file)
        except FileExistsError:
            return False
        finally:
            draft.unlink()
    except OSError as error:
        message = f"SECRET_KEY: it is not set, and {file} can't be made ({error.strerror})"
        raise SettingsError(message) from None
    return True


def _read(file: Path) -> bytes:
    secret = file.read_bytes().strip()
    if len(secret) < SHORTEST_SECRET:
        message = f"SECRET_KEY: it is not set, and {file} holds less than {SHORTEST_SECRET} characters"
        raise SettingsError(message)
    return secret
