// Files of the repository that are part of the program.
#pragma once

#include <stddef.h>

size_t nns_file_count(void);
/// `lessons/01-derivative.nns`: the path below Scripts.
const char *_Nonnull nns_file_path(size_t index);
const unsigned char *_Nonnull nns_file_bytes(size_t index);
size_t nns_file_length(size_t index);
