/* SPDX-License-Identifier: MIT */
/* History: the file of typed lines (history.h). Knows nothing of the line editor, whose own
 * functions would write the whole file at the end of a session: the last shell to leave
 * would undo what the others had kept. */
#include "history.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* owned; NULL for want of memory. */
static char *join(const char *folder, const char *rest) {
    size_t length = strlen(folder), more = strlen(rest) + 1;
    char *path = malloc(length + more);
    if (path == NULL) return NULL;
    memcpy(path, folder, length);
    memcpy(path + length, rest, more);
    return path;
}

/* The XDG rules: a relative path counts as unset. */
static char *find_path(void) {
    const char *state = getenv("XDG_STATE_HOME");
    if (state != NULL && state[0] == '/') return join(state, "/ouro/history");
    const char *home = getenv("HOME");
    if (home == NULL || home[0] != '/') {
        errno = ENOENT;
        return NULL;
    }
    return join(home, "/.local/state/ouro/history");
}

/* Makes the folders on the way to the file. */
static bool make_folders(char *path) {
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        bool there = mkdir(path, 0700) == 0 || errno == EEXIST;
        *slash = '/';
        if (!there) return false;
    }
    return true;
}

/* ---- what is in the file ----------------------------------------------------------------- */

typedef struct entries {
    char **texts; /* owned, as each of them is; oldest first */
    size_t count, capacity;
} entries;

static void free_entries(entries *all) {
    for (size_t i = 0; i < all->count; i++) free(all->texts[i]);
    free(all->texts);
}

/* text: consumed. False: no memory. */
static bool add_entry(entries *all, char *text) {
    if (all->count == all->capacity) {
        size_t capacity = all->capacity == 0 ? 256 : 2 * all->capacity;
        char **texts = realloc(all->texts, capacity * sizeof *texts);
        if (texts == NULL) {
            free(text);
            return false;
        }
        all->texts = texts;
        all->capacity = capacity;
    }
    all->texts[all->count++] = text;
    return true;
}

/* Adds a line to the last entry. */
static bool extend_entry(entries *all, const char *line, size_t length) {
    char *text = all->texts[all->count - 1];
    size_t before = strlen(text);
    char *longer = realloc(text, before + length + 2);
    if (longer == NULL) return false;
    longer[before] = '\n';
    memcpy(longer + before + 1, line, length + 1);
    all->texts[all->count - 1] = longer;
    return true;
}

/* The rest of a line that was cut off in the middle is one too. */
static void read_entries(FILE *file, entries *ret_all) {
    size_t capacity = 0;
    char *line = NULL;
    ssize_t length;
    bool room = true;
    while (room && (length = getline(&line, &capacity, file)) > 0) {
        if (line[length - 1] == '\n') line[--length] = '\0';
        if (line[0] == '\t' && ret_all->count > 0) {
            room = extend_entry(ret_all, line + 1, (size_t)length - 1);
        } else if (line[0] != '\0') {
            char *text = strdup(line);
            room = text != NULL && add_entry(ret_all, text);
        }
    }
    free(line);
}

static size_t hash(const char *text) {
    size_t sum = 5381;
    for (; *text != '\0'; text++) sum = sum * 33 + (unsigned char)*text;
    return sum;
}

/* Leaves of equal entries the last, and of those so many of the last. */
static void thin_out(entries *all) {
    size_t size = 4, kept = all->count;
    while (size < 2 * all->count) size *= 2;
    char **seen = calloc(size, sizeof *seen);
    if (seen == NULL) return;
    for (size_t i = all->count; i-- > 0;) {
        size_t at = hash(all->texts[i]) & (size - 1);
        while (seen[at] != NULL && strcmp(seen[at], all->texts[i]) != 0) at = (at + 1) & (size - 1);
        bool keep = seen[at] == NULL && all->count - kept < OURO_HISTORY_ENTRIES;
        if (seen[at] == NULL) seen[at] = all->texts[i];
        if (keep) {
            char *other = all->texts[--kept];
            all->texts[kept] = all->texts[i];
            all->texts[i] = other;
        }
    }
    free(seen);
    for (size_t i = 0; i < kept; i++) free(all->texts[i]);
    all->count -= kept;
    if (all->count > 0) memmove(all->texts, all->texts + kept, all->count * sizeof *all->texts);
}

/* In the form of the file, owned; NULL for want of memory. */
static char *encode(const char *text, size_t length, size_t *ret_length) {
    size_t breaks = 1;
    for (size_t i = 0; i < length; i++) breaks += text[i] == '\n';
    char *encoded = malloc(length + breaks + 1), *to = encoded;
    if (encoded == NULL) return NULL;
    for (size_t i = 0; i < length; i++) {
        *to++ = text[i];
        if (text[i] == '\n') *to++ = '\t';
    }
    *to++ = '\n';
    *ret_length = (size_t)(to - encoded);
    return encoded;
}

/* Puts what is left in the place of the file: written beside it, then renamed. */
static void rewrite(const char *path, const entries *all) {
    char *beside = join(path, ".new");
    if (beside == NULL) return;
    unlink(beside);
    int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    FILE *new = fd < 0 ? NULL : fdopen(fd, "w");
    bool written = new != NULL;
    for (size_t i = 0; written && i < all->count; i++) {
        size_t length;
        char *text = encode(all->texts[i], strlen(all->texts[i]), &length);
        written = text != NULL && fwrite(text, 1, length, new) == length;
        free(text);
    }
    if (new != NULL) written = fclose(new) == 0 && written;
    else if (fd >= 0) close(fd);
    if (!written || rename(beside, path) != 0) unlink(beside);
    free(beside);
}

static void load(const char *path, void (*each)(const char *text, void *context),
                 void *context) {
    entries all = {.count = 0};
    FILE *file = fopen(path, "re");
    if (file == NULL) return;
    read_entries(file, &all);
    fclose(file);
    size_t found = all.count;
    thin_out(&all);
    for (size_t i = 0; i < all.count; i++) each(all.texts[i], context);
    /* Not for every one too many: at most every few hundred. */
    if (found - all.count > OURO_HISTORY_ENTRIES / 4) rewrite(path, &all);
    free_entries(&all);
}

/* ---- the file ---------------------------------------------------------------------------- */

/* Opened anew each time: another shell may have shortened the file meanwhile. */
static int open_file(const char *path) {
    return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static bool prepare(char *path, void (*each)(const char *text, void *context), void *context) {
    if (!make_folders(path)) return false;
    int fd = open_file(path);
    if (fd < 0) return false;
    fchmod(fd, 0600);
    close(fd);
    load(path, each, context);
    return true;
}

void ouro__history_open(history_file *ret_file, void (*each)(const char *text, void *context),
                        void *context) {
    ret_file->path = find_path();
    if (ret_file->path != NULL && prepare(ret_file->path, each, context)) return;
    const char *what = ret_file->path != NULL ? ret_file->path : "neither XDG_STATE_HOME nor HOME";
    const char *why = strerror(errno);
    fprintf(stderr, "ouro: what is typed is not kept for the next session: %s: %s\n", what, why);
    ouro__history_close(ret_file);
}

void ouro__history_add(history_file *file, const char *text, size_t length) {
    if (file->path == NULL) return;
    int fd = open_file(file->path);
    char *encoded = encode(text, length, &length);
    if (fd >= 0 && encoded != NULL) {
        /* In one piece, so that two shells do not mix their lines. */
        ssize_t written = write(fd, encoded, length);
        (void)written; /* a full disk costs the history, not the session */
    }
    free(encoded);
    if (fd >= 0) close(fd);
}

void ouro__history_close(history_file *file) {
    free(file->path);
    file->path = NULL;
}
