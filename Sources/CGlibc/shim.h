// What Swift's module of glibc leaves out.

#pragma once

#include <malloc.h>

// Behind _GNU_SOURCE, which the importer does not set. The actions are a posix_spawn_file_actions_t; with <spawn.h> here,
// sigset_t would be a type of this module.
extern int pipe2(int ends[2], int flags);
extern int renameat2(int oldFolder, const char *oldName, int newFolder, const char *newName, unsigned int flags);
extern int posix_spawn_file_actions_addchdir_np(void *actions, const char *path);
// Since glibc 2.34.
extern int posix_spawn_file_actions_addclosefrom_np(void *actions, int from);
