"""A part of a page that a script writes, and the tables in it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Part:
    """The lines of a page between two marks.

    Args:
        page: path of the page, in this folder.
        name: what the lines are, as the marks name them.
        script: file name of the script that writes them, in this folder.
    """

    page: str
    name: str
    script: str

    @property
    def path(self) -> Path:
        """The page."""
        return Path(__file__).parent / self.page

    @property
    def text(self) -> str:
        """The lines that the page has now."""
        return self._split()[1]

    def updated(self, text: str) -> str:
        """Return the whole page with other lines."""
        head, _, rest = self._split()
        return f"{head}\n{text}\n{rest}"

    def write(self, text: str) -> None:
        """Write other lines into the page."""
        self.path.write_text(self.updated(text), encoding="utf-8")

    def _split(self) -> tuple[str, str, str]:
        """Return the page up to the first mark, the lines between the marks, and the page from the second mark on."""
        begin = f"<!-- {self.name}: written by python docs/{self.script} -->\n"
        end = f"<!-- end of {self.name} -->"
        head, _, tail = self.path.read_text(encoding="utf-8").partition(begin)
        text, _, rest = tail.partition(end)
        return head + begin, text.strip("\n") + "\n", end + rest


def markdown(rows: list[list[str]]) -> str:
    """Return rows as a Markdown table. The first row is the head; all columns but the first are for numbers."""
    head, *body = rows
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, rule, *body]) + "\n"
