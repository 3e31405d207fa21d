/* SPDX-License-Identifier: MIT */
/* Drive: runs a fuzz target over the files of a folder, in the order of their names, where
 * there is no libFuzzer to do it. What is off aborts; the last file named is the culprit.
 *
 *   fuzz-TARGET FOLDER */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static int is_input(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

static int run_file(const char *folder, const char *name) {
    static uint8_t bytes[1 << 16];
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) return 1;
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    /* Memory of just that size, so that reading beyond is seen. */
    uint8_t *exact = malloc(size + (size == 0));
    if (exact == NULL) return 1;
    memcpy(exact, bytes, size);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    return 0;
}

int main(int argc, char **argv) {
    struct dirent **entries;
    int count = argc == 2 ? scandir(argv[1], &entries, is_input, alphasort) : -1;
    if (count <= 0) {
        printf("Bail out! no inputs in %s\n", argc == 2 ? argv[1] : "(no folder)");
        return 2;
    }
    int bad = 0;
    for (int i = 0; i < count; i++) {
        printf("# %s\n", entries[i]->d_name);
        fflush(stdout);
        bad += run_file(argv[1], entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    printf("1..1\n%sok 1 - %d inputs\n", bad != 0 ? "not " : "", count);
    return bad != 0;
}
