// The lessons and their data, embedded: lessons first, in their order.

#include "clessons.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char lesson_01[] = {
#embed "../../Scripts/lessons/01-derivative.nns"
};

static const unsigned char lesson_02[] = {
#embed "../../Scripts/lessons/02-neuron.nns"
};

static const unsigned char lesson_03[] = {
#embed "../../Scripts/lessons/03-autograd.nns"
};

static const unsigned char lesson_04[] = {
#embed "../../Scripts/lessons/04-two-layers.nns"
};

static const unsigned char lesson_05[] = {
#embed "../../Scripts/lessons/05-layers.nns"
};

static const unsigned char lesson_06[] = {
#embed "../../Scripts/lessons/06-xor.nns"
};

static const unsigned char lesson_07[] = {
#embed "../../Scripts/lessons/07-linear-regression.nns"
};

static const unsigned char lesson_08[] = {
#embed "../../Scripts/lessons/08-house-prices.nns"
};

static const unsigned char lesson_09[] = {
#embed "../../Scripts/lessons/09-softmax.nns"
};

static const unsigned char lesson_10[] = {
#embed "../../Scripts/lessons/10-optimizers.nns"
};

static const unsigned char lesson_11[] = {
#embed "../../Scripts/lessons/11-overfitting.nns"
};

static const unsigned char lesson_12[] = {
#embed "../../Scripts/lessons/12-convolution.nns"
};

static const unsigned char lesson_13[] = {
#embed "../../Scripts/lessons/13-attention.nns"
};

static const unsigned char lesson_14[] = {
#embed "../../Scripts/lessons/14-autoencoder.nns"
};

static const unsigned char lesson_15[] = {
#embed "../../Scripts/lessons/15-two-players.nns"
};

static const unsigned char lesson_16[] = {
#embed "../../Scripts/lessons/16-inside.nns"
};

static const unsigned char lesson_17[] = {
#embed "../../Scripts/lessons/17-trees.nns"
};

static const unsigned char houses[] = {
#embed "../../Scripts/data/houses.csv"
};

static const unsigned char digits[] = {
#embed "../../Scripts/data/digits.csv"
};

static const unsigned char iris[] = {
#embed "../../Scripts/data/iris.csv"
};

#define FILE_OF(path, bytes) {path, bytes, sizeof bytes}

static const struct {
  const char *path;
  const unsigned char *bytes;
  size_t length;
} files[] = {
  FILE_OF("lessons/01-derivative.nns", lesson_01),
  FILE_OF("lessons/02-neuron.nns", lesson_02),
  FILE_OF("lessons/03-autograd.nns", lesson_03),
  FILE_OF("lessons/04-two-layers.nns", lesson_04),
  FILE_OF("lessons/05-layers.nns", lesson_05),
  FILE_OF("lessons/06-xor.nns", lesson_06),
  FILE_OF("lessons/07-linear-regression.nns", lesson_07),
  FILE_OF("lessons/08-house-prices.nns", lesson_08),
  FILE_OF("lessons/09-softmax.nns", lesson_09),
  FILE_OF("lessons/10-optimizers.nns", lesson_10),
  FILE_OF("lessons/11-overfitting.nns", lesson_11),
  FILE_OF("lessons/12-convolution.nns", lesson_12),
  FILE_OF("lessons/13-attention.nns", lesson_13),
  FILE_OF("lessons/14-autoencoder.nns", lesson_14),
  FILE_OF("lessons/15-two-players.nns", lesson_15),
  FILE_OF("lessons/16-inside.nns", lesson_16),
  FILE_OF("lessons/17-trees.nns", lesson_17),
  FILE_OF("data/houses.csv", houses),
  FILE_OF("data/digits.csv", digits),
  FILE_OF("data/iris.csv", iris),
};

size_t nns_file_count(void) { return sizeof files / sizeof files[0]; }
const char *nns_file_path(size_t index) { return files[index].path; }
const unsigned char *nns_file_bytes(size_t index) { return files[index].bytes; }
size_t nns_file_length(size_t index) { return files[index].length; }
