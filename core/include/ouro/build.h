/* SPDX-License-Identifier: MIT */
/* Build: ready structures of any size, for experiments and benchmarks. */
#ifndef OURO_BUILD_H
#define OURO_BUILD_H

#include "ouro/object.h"

#ifdef __cplusplus
extern "C" {
#endif

/* cls: borrowed, a slotted class; OURO_E_TYPE if it has fewer slots than needed,
 * OURO_E_HEAP if it is of another heap, OURO_E_VALUE for an impossible size.
 * Each returns the first node, owned; the caller's reference keeps all the rest. The
 * first slot holds the node's number, from 1. On failure nothing remains.
 *   chain  slot 2 is the next node, the last has nil
 *   ring   the same, the last refers to the first
 *   tree   slots 2 to fanout+1 are the children; depth 0 is one node
 *   grid   slot 2 the node to the right, slot 3 the one below
 *   graph  a list of nodes in slot order; each node's slots 2 to degree+1 refer to
 *          random nodes (xorshift64*, Vigna 2016); ret: the list */
OURO_API ouro_status ouro_build_chain(ouro_heap *heap, ouro_object *cls, size_t n,
                                      ouro_object **ret_first) OURO_MUST_CHECK;
OURO_API ouro_status ouro_build_ring(ouro_heap *heap, ouro_object *cls, size_t n,
                                     ouro_object **ret_first) OURO_MUST_CHECK;
OURO_API ouro_status ouro_build_tree(ouro_heap *heap, ouro_object *cls, size_t depth,
                                     size_t fanout, ouro_object **ret_root) OURO_MUST_CHECK;
OURO_API ouro_status ouro_build_grid(ouro_heap *heap, ouro_object *cls, size_t width,
                                     size_t height, ouro_object **ret_corner) OURO_MUST_CHECK;
OURO_API ouro_status ouro_build_graph(ouro_heap *heap, ouro_object *cls, size_t nodes,
                                      size_t degree, uint64_t seed,
                                      ouro_object **ret_list) OURO_MUST_CHECK;
/* The same in an empty list that exists already, borrowed; OURO_E_VALUE if it is none. On failure
 * it is empty again. */
OURO_API ouro_status ouro_build_graph_in(ouro_object *list, ouro_object *cls, size_t nodes,
                                         size_t degree, uint64_t seed) OURO_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
