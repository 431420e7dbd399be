"""Marks become groups, and lists that loops make become one list.

`{% for topic in subscriber.topics %}` around `- {{ topic }}` would make one `<ul>` per item. The loop moves inside: one
list with a loop of items. Lists beside each other join, as Markdown joins them once the loop has run.
"""

from collections.abc import Callable
from dataclasses import replace

from mailer.rendering.document import Group, Item, Items, Mark, Node
from mailer.rendering.holes import Holes

Complain = Callable[[str, int, str, str], None]


def grouped(nodes: list[Node], holes: Holes, complain: Complain) -> list[Node]:
    """`nodes` with every mark and what follows it in a group; a mark without its counterpart here is a problem."""
    stack: list[tuple[Group, list[Node]]] = []
    current: list[Node] = []
    for node in nodes:
        if not isinstance(node, Mark):
            current.append(node)
        elif node.kind in "if":
            group = Group()
            stack.append((group, current))
            current = []
            group.branches.append((node, current))
        elif not stack:
            _unbalanced(node, complain)
        elif node.kind == "n":
            group, current = stack.pop()
            group.end = node.token
            current.append(group)
        else:
            current = []
            stack[-1][0].branches.append((node, current))
    for group, _ in stack:
        _unbalanced(group.branches[0][0], complain)
    return nodes_with_lists_joined(stack[0][1] if stack else current, holes)


def _unbalanced(mark: Mark, complain: Complain) -> None:
    complain(
        "personalisation",
        mark.line,
        "this condition or loop on the recipient begins and ends in different paragraphs, lists or quotations",
        "put both ends into the same one, each on a line of its own",
    )


def nodes_with_lists_joined(nodes: list[Node], holes: Holes) -> list[Node]:
    """`nodes` with groups of lists moved into lists, and neighbouring lists of one sort joined where that happened."""
    out: list[Node] = []
    for position, node in enumerate(nodes):
        neighbours = [*out[-1:], *nodes[position + 1 : position + 2]]
        moved = _as_list(node, neighbours)
        if moved and out and isinstance(out[-1], Items) and out[-1].ordered == moved.ordered:
            out[-1].items += moved.items
        elif isinstance(node, Items) and out and isinstance(out[-1], Items) and _has_groups(out[-1]):
            if out[-1].ordered == node.ordered:
                out[-1].items += node.items
            else:
                out.append(node)
        else:
            out.append(moved or node)
    return [_guarded(node, holes) for node in out]


def _as_list(node: Node, neighbours: list[Node]) -> Items | None:
    """A loop of lists, or a condition on lists beside another list, as one list."""
    if not isinstance(node, Group):
        return None
    bodies = [children for _, children in node.branches]
    lists = [children[0] for children in bodies if len(children) == 1 and isinstance(children[0], Items)]
    if len(lists) != len(bodies) or len({one.ordered for one in lists}) != 1:
        return None
    is_loop = node.branches[0][0].kind == "f"
    if not is_loop and not any(isinstance(one, Items) and one.ordered == lists[0].ordered for one in neighbours):
        return None
    branches: list[tuple[Mark, list[Node]]] = [
        (mark, list(one.items)) for (mark, _), one in zip(node.branches, lists, strict=True)
    ]
    return Items(lists[0].ordered, lists[0].start, [Group(branches, node.end)])


def _has_groups(items: Items) -> bool:
    return any(isinstance(item, Group) for item in items.items)


def _guarded(node: Node, holes: Holes) -> Node:
    """A list that is one loop and nothing else stands under a condition: an empty loop leaves no empty list behind."""
    if not isinstance(node, Items) or len(node.items) != 1 or isinstance(node.items[0], Item):
        return node
    loop = node.items[0]
    mark = loop.branches[0][0]
    if mark.kind != "f" or len(loop.branches) != 1:
        return node
    instance = holes.instances[mark.token]
    opening = holes.moved(instance, kind="i", variable="")
    return Group([(replace(mark, token=opening, kind="i"), [node])], holes.moved(instance, kind="n", variable=""))
