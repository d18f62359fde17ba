// What the differential test runs: tokenises strings from standard input as the service does.
//
// Input: for each string its length (32 bits) and its bytes. Output: for each string the normalised form (length and
// bytes), its ids (count and 32 bits each), and the ids of the string as it came. A length of 0xFFFFFFFF and nothing
// else: the string is not UTF-8. Numbers are little-endian, as on the machines that run this.
//
//   tokenize_lines MODEL_DIR < strings > answers
//   tokenize_lines MODEL_DIR --time < strings      prints strings per second, one thread, normalising included
#include <chrono>
#include <cstdint>
#include <cstring>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "model/tokenizer.h"

namespace lqvg {
namespace {

constexpr std::uint32_t kNotUtf8 = 0xFFFFFFFF;

void Put(std::uint32_t number, std::string& out) {
  char bytes[sizeof number];
  std::memcpy(bytes, &number, sizeof number);
  out.append(bytes, sizeof number);
}

void Put(const std::vector<std::int32_t>& ids, std::string& out) {
  Put(static_cast<std::uint32_t>(ids.size()), out);
  for (const std::int32_t id : ids) Put(static_cast<std::uint32_t>(id), out);
}

std::vector<std::string_view> Strings(std::string_view input) {
  std::vector<std::string_view> strings;
  while (input.size() >= sizeof(std::uint32_t)) {
    std::uint32_t length;
    std::memcpy(&length, input.data(), sizeof length);
    input.remove_prefix(sizeof length);
    strings.push_back(input.substr(0, length));
    input.remove_prefix(strings.back().size());
  }
  return strings;
}

void Answer(const Tokenizer& tokenizer, std::string_view text, std::string& out) {
  const absl::StatusOr<std::string> normalized = NormalizeExpression(text);
  if (!normalized.ok()) return Put(kNotUtf8, out);
  Put(static_cast<std::uint32_t>(normalized->size()), out);
  out += *normalized;
  Put(tokenizer.Encode(*normalized).value(), out);
  Put(tokenizer.Encode(text).value(), out);
}

void PrintSpeed(const Tokenizer& tokenizer, const std::vector<std::string_view>& strings) {
  const auto start = std::chrono::steady_clock::now();
  std::size_t tokens = 0;
  for (const std::string_view text : strings) tokens += tokenizer.Encode(NormalizeExpression(text).value())->size();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::cout << static_cast<double>(strings.size()) / seconds.count() << " strings/s, "
            << static_cast<double>(tokens) / seconds.count() << " tokens/s\n";
}

int Main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: tokenize_lines MODEL_DIR [--time]\n";
    return 2;
  }
  const auto tokenizer = Tokenizer::Load(argv[1]);
  if (!tokenizer.ok()) {
    std::cerr << tokenizer.status() << '\n';
    return 1;
  }
  const std::string input{std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
  const std::vector<std::string_view> strings = Strings(input);
  if (argc > 2 && std::string_view(argv[2]) == "--time") {
    PrintSpeed(**tokenizer, strings);
    return 0;
  }
  std::string out;
  for (const std::string_view text : strings) Answer(**tokenizer, text, out);
  std::cout.write(out.data(), static_cast<std::streamsize>(out.size()));
  return 0;
}

}  // namespace
}  // namespace lqvg

int main(int argc, char** argv) { return lqvg::Main(argc, argv); }
