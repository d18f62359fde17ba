// The kernel's path against the plain ATen path.
#include "model/deform_attn.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

namespace lqvg {
namespace {

const std::vector<LevelShape> kLevels = {{12, 9}, {6, 5}, {3, 2}, {1, 1}};
constexpr std::int64_t kCells = 12 * 9 + 6 * 5 + 3 * 2 + 1;

DeformAttn RandomAttention(std::int64_t dim, std::int64_t heads) {
  const auto linear = [dim](std::int64_t out, double gain) {
    return Linear{at::randn({out, dim}) * gain, at::randn({out})};
  };
  return {linear(heads * 4 * 4 * 2, 0.3), linear(heads * 4 * 4, 0.3), linear(dim, 0.2), linear(dim, 0.2), heads, 4};
}

// `queries` decides between projecting the memory first and sampling it first.
void ExpectBothPathsAgree(std::int64_t queries, std::int64_t reference_size) {
  at::manual_seed(3);
  const DeformAttn attention = RandomAttention(32, 4);
  const at::Tensor query = at::randn({2, queries, 32}), memory = at::randn({2, kCells, 32});
  const at::Tensor references = at::rand({2, queries, reference_size});
  const c10::AutoGradMode off(false);
  const at::Tensor plain = ForwardPlain(attention, query, references, memory, kLevels);
  const at::Tensor fast = Forward(attention, query, references, memory, kLevels);
  EXPECT_LT((plain - fast).abs().max().item<double>(), 1e-5);
}

TEST(DeformAttnTest, ProjectingFirstEqualsThePlainForm) { ExpectBothPathsAgree(kCells, 2); }
TEST(DeformAttnTest, ProjectingFirstEqualsThePlainFormInBoxes) { ExpectBothPathsAgree(kCells, 4); }
TEST(DeformAttnTest, SamplingFirstEqualsThePlainForm) { ExpectBothPathsAgree(10, 2); }
TEST(DeformAttnTest, SamplingFirstEqualsThePlainFormInBoxes) { ExpectBothPathsAgree(10, 4); }

TEST(DeformAttnTest, OnePictureOfReferencesServesAWholeBatch) {
  at::manual_seed(4);
  const c10::AutoGradMode off(false);
  const DeformAttn attention = RandomAttention(32, 4);
  const at::Tensor query = at::randn({2, kCells, 32}), memory = at::randn({2, kCells, 32}),
                   references = at::rand({1, kCells, 2});
  const at::Tensor together = Forward(attention, query, references, memory, kLevels);
  for (std::int64_t b = 0; b < 2; ++b) {
    const at::Tensor alone = Forward(attention, query.narrow(0, b, 1), references, memory.narrow(0, b, 1), kLevels);
    EXPECT_LT((together[b] - alone[0]).abs().max().item<double>(), 1e-5);
  }
}

}  // namespace
}  // namespace lqvg
