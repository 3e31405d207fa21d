# SPDX-License-Identifier: MIT
# Script: the loops of tests/bench/script.lua, as people write them in Python.
#
#   python3 tests/bench/script.py WORKLOAD [N]     prints nanoseconds of an iteration, one a line
#
# Names are globals of the module. A class has the slots and what `Node(1)` does in ouro: the
# arguments fill the slots, the others are None. SYNC: script-workloads.
import sys
import time
import weakref

REPETITIONS = 5


class Node:
    __slots__ = ("l", "r", "__weakref__")

    def __init__(self, l=None, r=None):
        self.l = l
        self.r = r

    def left(self):
        return self.l


class Mortal:
    __slots__ = ("l",)

    def __init__(self, l=None):
        self.l = l

    def __del__(self):
        global deaths
        deaths = deaths + 1


# Names and locals


def names(n):
    global x
    for i in range(n):
        x = Node(i)
        x.r = i
        del x


def rebind(n):
    global x
    for i in range(n):
        x = Node(i)
        x.r = i
    del x


def run_locals(n):
    node = Node
    for i in range(n):
        x = node(i)
        x.r = i


def cycles(n):
    global x
    for i in range(n):
        x = Node(i)
        x.r = x
        del x


# Reading and writing


def attributes(n):
    x, total = Node(1, 0), 0
    for i in range(n):
        x.r = i
        total = total + x.l
    assert total == n


def append(n):
    l = []
    for i in range(n):
        l.append(i)
    assert len(l) == n


def index(n):
    l, total = [], 0
    for _ in range(1000):
        l.append(1)
    for _ in range(n // 1000):
        for i in range(1000):
            total = total + l[i]
    assert total == n


keys = ["key" + str(i) for i in range(1024)]


def dict_set(n):
    d = {}
    for i in range(n):
        d[keys[i & 1023]] = i
    assert len(d) == 1024


def dict_get(n):
    d, total = {}, 0
    for i in range(1024):
        d[keys[i]] = 1
    for i in range(n):
        total = total + d[keys[i & 1023]]
    assert total == n


def method(n):
    x, total = Node(1), 0
    for _ in range(n):
        total = total + x.left()
    assert total == n


# Deaths that are noticed


def weak_reference(n):
    global x, y, w
    x, y = Node(1), Node(2)
    for _ in range(n // 2):
        w = weakref.ref(x)
        assert w().l == 1
        w = weakref.ref(y)
        assert w().l == 2
    del x, y, w


def finalizer(n):
    global x, deaths
    deaths = 0
    for i in range(n):
        x = Mortal(i)
        del x
    assert deaths == n


# Many objects


def make_tree(depth):
    if depth == 0:
        return Node()
    return Node(make_tree(depth - 1), make_tree(depth - 1))


def tree(depth):
    root = make_tree(depth)
    del root


held = []


def hold():
    while len(held) < 100000:
        held.append(Node(len(held)))


def held_names(n):
    hold()
    names(n)


def held_finalizer(n):
    hold()
    finalizer(n)


# All of them

WORKLOADS = {
    "names": (names, 1000000),
    "rebind": (rebind, 1000000),
    "locals": (run_locals, 1000000),
    "cycles": (cycles, 1000000),
    "attributes": (attributes, 1000000),
    "append": (append, 1000000),
    "index": (index, 1000000),
    "dict-set": (dict_set, 1000000),
    "dict-get": (dict_get, 1000000),
    "method": (method, 1000000),
    "weak": (weak_reference, 200000),
    "finalizer": (finalizer, 20000),
    "tree": (tree, 16),
    "held-names": (held_names, 1000000),
    "held-finalizer": (held_finalizer, 20000),
}


def measure(name, run, n):
    iterations = 2 ** (n + 1) - 1 if name == "tree" else n
    if name.startswith("held"):
        hold()
    for _ in range(REPETITIONS):
        start = time.process_time_ns()
        run(n)
        print("%.1f" % ((time.process_time_ns() - start) / iterations))


if len(sys.argv) < 2 or sys.argv[1] not in WORKLOADS:
    sys.exit(3)
run, n = WORKLOADS[sys.argv[1]]
measure(sys.argv[1], run, int(sys.argv[2]) if len(sys.argv) > 2 else n)
