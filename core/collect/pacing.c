/* SPDX-License-Identifier: MIT */
/* Pacing: see the contract above ouro_threshold in ouro/collect.h. The pool rings cheaply
 * and too often (it counts cells taken, not objects alive); here the truth is computed. */
#include "collect/pacing.h"

#define BYTES_SLACK ((size_t)16 << 20)

static const size_t default_threshold[OURO_GENERATIONS] = {4096, 10, 4};

void ouro__pacing_init(ouro_heap *heap) {
    ouro__pacing *pacing = &heap->pacing;
    for (int i = 0; i < OURO_GENERATIONS; i++) pacing->threshold[i] = default_threshold[i];
    pacing->factor = 1;
    pacing->roots_limit = pacing->threshold[0];
    pacing->budget = OURO_SLICE_DEFAULT;
    ouro__pacing_arm(heap);
    pacing->bytes_limit = heap->account.bytes + BYTES_SLACK;
}

static size_t grown(const ouro_heap *heap) {
    uint64_t births, deaths;
    ouro__heap_totals(heap, &births, &deaths);
    uint64_t born = births - heap->pacing.born_at, died = deaths - heap->pacing.died_at;
    return born > died ? (size_t)(born - died) : 0;
}

static size_t limit(const ouro__pacing *pacing) {
    return pacing->threshold[0] * pacing->factor;
}

void ouro__pacing_arm(ouro_heap *heap) {
    ouro__pacing *pacing = &heap->pacing;
    size_t now = grown(heap), wanted = limit(pacing);
    size_t missing = wanted > now ? wanted - now : 0;
    heap->pool.taken = 0;
    pacing->young_limit = missing > wanted / 8 ? missing : wanted / 8 + 1;
    if (pacing->threshold[0] == 0) pacing->young_limit = SIZE_MAX;
}

int ouro__pacing_full_due(ouro_heap *heap) {
    const ouro__pacing *pacing = &heap->pacing;
    if (pacing->threshold[0] == 0) return -1;
    if (heap->account.bytes > pacing->bytes_limit) return 2;
    size_t now = ouro__heap_count(heap);
    size_t since = now > pacing->old_live ? now - pacing->old_live : 0;
    bool due = since > pacing->old_live && since > pacing->threshold[0] * pacing->threshold[2];
    return due ? 2 : -1;
}

int ouro__pacing_generation_due(ouro_heap *heap) {
    const ouro__pacing *pacing = &heap->pacing;
    if (pacing->threshold[0] == 0) return -1;
    if (heap->account.bytes <= pacing->bytes_limit && grown(heap) < limit(pacing)) return -1;
    if (ouro__pacing_full_due(heap) == 2) return 2;
    return pacing->runs[0] >= pacing->threshold[1] ? 1 : 0;
}

/* While a collection is at work in slices, the heap grows by a quarter at most. The pool rings
 * too late where it finds whole blocks of free cells; so each operation pays as well, as much
 * as two new objects have to. */
void ouro__pacing_stride(ouro_heap *heap, uint64_t units) {
    ouro__pacing *pacing = &heap->pacing;
    uint64_t slices = units / pacing->budget + 1;
    uint64_t growth = pacing->old_live / 4 + pacing->threshold[0];
    pacing->stride = (size_t)(growth / slices) + 1;
    pacing->rate = (size_t)(units * 2 / growth) + 1;
    pacing->credit = 0;
    heap->pool.taken = 0;
    pacing->young_limit = pacing->stride;
}

static void adapt(ouro_heap *heap, size_t candidates, size_t freed) {
    ouro__pacing *pacing = &heap->pacing;
    size_t live = ouro__heap_count(heap);
    if (freed < candidates / 4) pacing->factor *= 2;
    else if (freed > candidates / 2 && pacing->factor > 1) pacing->factor /= 2;
    while (pacing->factor > 1 && limit(pacing) > live / 4) pacing->factor /= 2;
}

void ouro__pacing_after(ouro_heap *heap, int generation, size_t candidates, size_t freed,
                        bool whole) {
    ouro__pacing *pacing = &heap->pacing;
    for (int i = 0; i < generation; i++) pacing->runs[i] = 0;
    if (generation < 2) pacing->runs[generation]++;
    if (whole) pacing->old_live = ouro__heap_count(heap);
    else adapt(heap, candidates, freed);
    ouro__heap_totals(heap, &pacing->born_at, &pacing->died_at);
    size_t bytes = heap->account.bytes;
    if (whole) pacing->bytes_limit = bytes + bytes / 2 + BYTES_SLACK;
    ouro__pacing_arm(heap);
}

void ouro_threshold(const ouro_heap *heap, size_t ret_threshold[OURO_GENERATIONS]) {
    for (int i = 0; i < OURO_GENERATIONS; i++) ret_threshold[i] = heap->pacing.threshold[i];
}

void ouro_threshold_set(ouro_heap *heap, const size_t threshold[OURO_GENERATIONS]) {
    for (int i = 0; i < OURO_GENERATIONS; i++) heap->pacing.threshold[i] = threshold[i];
    heap->pacing.factor = 1;
    heap->pacing.roots_limit = threshold[0];
    ouro__pacing_arm(heap);
}

void ouro_collect_count(const ouro_heap *heap, size_t ret_count[OURO_GENERATIONS]) {
    ret_count[0] = grown(heap);
    ret_count[1] = heap->pacing.runs[0];
    ret_count[2] = heap->pacing.runs[1];
}
