#include "logql/parser.h"

#include <gtest/gtest.h>
