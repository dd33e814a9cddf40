"""Forms: how a request is written where a vendor's page leaves it open."""

from collections.abc import Iterable
from typing import Any

from requests.auth import AuthBase

from session_source.api.answer import Answer
from session_source.api.request import Wish
from session_source.http.auth import EitherAuth


class Form:
    """How a request is written where vendors' pages leave it open: the spelling of credentials, and its wishes."""

    def __init__(self, auth: EitherAuth, wishes: Iterable[Wish]) -> None:
        self._auth = auth
        self._spellings = list(auth.candidates)
        self._options = {wish: wish.granted or 0 for wish in wishes}
        self._refusal: Answer | None = None

    @property
    def spelling(self) -> AuthBase:
        """What puts the credentials on the request."""
        return self._spellings[0]

    @property
    def fields(self) -> dict[str, Any]:
        """The fields that are wished for in its body."""
        chosen = [wish.options[option] for wish, option in self._options.items()]
        return {name: value for fields in chosen for name, value in fields.items()}

    def change(self, refused: Answer) -> bool:
        """Choose another form after a refusal; report whether there is one to try."""
        if refused.status in {401, 403} and len(self._spellings) > 1:
            self._refusal = self._refusal or refused
            self._spellings.pop(0)
            return True
        return refused.status == 400 and self._falls_back(refused)

    def reported(self, refused: Answer) -> Answer:
        """Return the refusal to report: of credentials, that of the first spelling."""
        return self._refusal if refused.status in {401, 403} and self._refusal else refused

    def settle(self) -> None:
        """Let other requests use this form: the vendor accepted it."""
        self._auth.accept(self.spelling)
        for wish, option in self._options.items():
            wish.granted = option if wish.granted is None else wish.granted

    def _falls_back(self, refused: Answer) -> bool:
        for wish, option in self._options.items():
            if option == wish.granted or not wish.is_about(refused):
                continue
            following = option + 1 if wish.granted is None else wish.granted
            if following < len(wish.options):
                self._options[wish] = following
                return True
        return False
