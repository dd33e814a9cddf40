"""Forms: variants of a request, where the vendor's page does not say which one is accepted."""

from collections.abc import Iterable
from typing import Any

from requests.auth import AuthBase

from session_source.api.answer import Answer
from session_source.api.request import Wish
from session_source.http.auth import EitherAuth


class Form:
    """The variant of a request to send: the spelling of the credentials, and the option of each wish."""

    def __init__(self, auth: EitherAuth, wishes: Iterable[Wish]) -> None:
        self._auth = auth
        self._spellings = list(auth.candidates)
        self._options = {wish: wish.granted or 0 for wish in wishes}
        self._refusal: Answer | None = None

    @property
    def spelling(self) -> AuthBase:
        """Adds the credentials to the request."""
        return self._spellings[0]

    @property
    def fields(self) -> dict[str, Any]:
        """The fields that the wishes add to the JSON body."""
        chosen = [wish.options[option] for wish, option in self._options.items()]
        return {name: value for fields in chosen for name, value in fields.items()}

    def change(self, refused: Answer) -> bool:
        """Choose another variant after a refusal; return False if there is none left."""
        if refused.status in {401, 403} and len(self._spellings) > 1:
            self._refusal = self._refusal or refused
            self._spellings.pop(0)
            return True
        return refused.status == 400 and self._falls_back(refused)

    def reported(self, refused: Answer) -> Answer:
        """Return the refusal to report: for credentials, that of the first spelling."""
        return self._refusal if refused.status in {401, 403} and self._refusal else refused

    def settle(self) -> None:
        """Use this variant for other requests too: the vendor accepted it."""
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
