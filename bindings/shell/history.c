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

/* All lines, oldest first; the rest of a line that was cut off in the middle is one too. */
static size_t read_lines(FILE *file, void (*each)(const char *line, void *context),
                         void *context, size_t skip) {
    size_t count = 0, capacity = 0;
    char *line = NULL;
    ssize_t length;
    while ((length = getline(&line, &capacity, file)) > 0) {
        if (line[length - 1] == '\n') line[length - 1] = '\0';
        if (each != NULL && count >= skip && line[0] != '\0') each(line, context);
        count++;
    }
    free(line);
    return count;
}

static void write_line(const char *line, void *file) {
    fprintf(file, "%s\n", line);
}

/* Cuts the file down to its last lines: written beside it, then put in its place. */
static void shorten(const char *path, FILE *old, size_t skip) {
    char *beside = join(path, ".new");
    if (beside == NULL) return;
    unlink(beside);
    int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    FILE *new = fd < 0 ? NULL : fdopen(fd, "w");
    if (new != NULL) {
        rewind(old);
        read_lines(old, write_line, new, skip);
        bool written = !ferror(new);
        if (fclose(new) == 0 && written) rename(beside, path);
        else unlink(beside);
    } else if (fd >= 0) {
        close(fd);
        unlink(beside);
    }
    free(beside);
}

static void load(const char *path, void (*each)(const char *line, void *context),
                 void *context) {
    FILE *file = fopen(path, "re");
    if (file == NULL) return;
    size_t count = read_lines(file, NULL, NULL, 0);
    size_t skip = count > OURO_HISTORY_LINES ? count - OURO_HISTORY_LINES : 0;
    rewind(file);
    read_lines(file, each, context, skip);
    /* Not for every line too many: at most every few hundred. */
    if (skip > OURO_HISTORY_LINES / 4) shorten(path, file, skip);
    fclose(file);
}

/* Opened anew each time: another shell may have shortened the file meanwhile. */
static int open_file(const char *path) {
    return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static bool prepare(char *path, void (*each)(const char *line, void *context), void *context) {
    if (!make_folders(path)) return false;
    int fd = open_file(path);
    if (fd < 0) return false;
    fchmod(fd, 0600);
    close(fd);
    load(path, each, context);
    return true;
}

void ouro__history_open(history_file *ret_file, void (*each)(const char *line, void *context),
                        void *context) {
    ret_file->path = find_path();
    if (ret_file->path != NULL && prepare(ret_file->path, each, context)) return;
    const char *what = ret_file->path != NULL ? ret_file->path : "neither XDG_STATE_HOME nor HOME";
    const char *why = strerror(errno);
    fprintf(stderr, "ouro: what is typed is not kept for the next session: %s: %s\n", what, why);
    ouro__history_close(ret_file);
}

void ouro__history_add(history_file *file, const char *line, size_t length) {
    if (file->path == NULL) return;
    int fd = open_file(file->path);
    char *text = malloc(length + 1);
    if (fd >= 0 && text != NULL) {
        memcpy(text, line, length);
        text[length] = '\n';
        /* In one piece, so that two shells do not mix their lines. */
        ssize_t written = write(fd, text, length + 1);
        (void)written; /* a full disk costs the history, not the session */
    }
    free(text);
    if (fd >= 0) close(fd);
}

void ouro__history_close(history_file *file) {
    free(file->path);
    file->path = NULL;
}
