#include "objclient/auth/form_body.h"

#include <gtest/gtest.h>

namespace objclient {
namespace {

TEST(FormBodyTest, EncodesValues) {
  EXPECT_TRUE(FormBody({}).empty());
  EXPECT_EQ(FormBody({{"a", base::Secret("b c&d=/")}, {"e", base::Secret("")}}).reveal(),
            "a=b%20c%26d%3D%2F&e=");
}

}  // namespace
}  // namespace objclient
