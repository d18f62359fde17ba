#include "train/scenes/expressions.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "train/scenes/facets.h"
#include "train/scenes/query_choice.h"
#include "train/scenes/random.h"
#include "train/scenes/wording.h"

namespace lqvg::scenes {
namespace {

// Objects in a random order, taken in turn: each once before any comes again.
class Turns {
 public:
  void Add(int object) { objects_.push_back(object); }
  bool empty() const { return objects_.empty(); }
  void Shuffle(Random& random) {
    for (int i = static_cast<int>(objects_.size()) - 1; i > 0; --i) {
      std::swap(objects_[static_cast<std::size_t>(i)], objects_[static_cast<std::size_t>(random.Below(i + 1))]);
    }
  }
  int Next() { return objects_[next_++ % objects_.size()]; }

 private:
  std::vector<int> objects_;
  std::size_t next_ = 0;
};

class Describer {
 public:
  Describer(const Scene& scene, std::uint64_t seed, const DescribeOptions& options)
      : scene_(scene), options_(options), random_(seed) {
    for (const SceneObject& object : scene.objects) ++of_kind_[static_cast<std::size_t>(object.kind)];
    for (int i = 0; i < static_cast<int>(scene.objects.size()); ++i) (HasRival(i) ? rivals_ : singles_).Add(i);
    rivals_.Shuffle(random_);
    singles_.Shuffle(random_);
  }

  std::optional<ReferringExpression> Make() {
    const Manner manner = random_.Chance(options_.formal_share) ? Manner::kFormal : Manner::kPlain;
    if (!random_.Chance(options_.absent_share)) return Present(manner);
    if (random_.Chance(options_.hard_share)) {
      std::optional<ReferringExpression> hard = HardNegative(manner);
      if (hard) return hard;
    }
    return AbsentKind(manner);
  }

 private:
  static constexpr int kTries = 8, kComparingTries = 24, kCountingTries = 60, kNearnessTries = 60;

  bool HasRival(int object) const {
    return of_kind_[static_cast<std::size_t>(scene_.objects[static_cast<std::size_t>(object)].kind)] > 1;
  }

  Turns& DrawTurns() {
    const bool rival = !rivals_.empty() && (singles_.empty() || random_.Chance(options_.distractor_share));
    return rival ? rivals_ : singles_;
  }

  // Neither the first of its row nor one of two.
  bool Counts(const Query& query) const {
    if (!query.ordinal || query.ordinal->rank < 2) return false;
    const std::vector<Facets> facets = FacetsOf(scene_, query);
    const auto in_row = std::count_if(facets.begin(), facets.end(), [](const Facets& of) {
      return of[static_cast<std::size_t>(Facet::kOrdinal)] != Truth::kBorderline;
    });
    return in_row > 2;
  }

  // By distance, not by direction alone.
  static bool SaysHowNear(const Query& query) {
    return std::any_of(query.relations.begin(), query.relations.end(),
                       [](const Relation& relation) { return relation.word >= RelationWord::kNear; });
  }

  std::optional<ReferringExpression> Present(Manner manner) {
    if (scene_.objects.empty()) return std::nullopt;
    // Drawn once: an object with rivals is harder to single out, and must not lose its place to one without.
    Turns& turns = DrawTurns();
    const auto wanted = [&](float share) { return share > 0 && random_.Chance(share); };
    if (wanted(options_.counting_share) && !rivals_.empty()) {
      auto counting = PresentThat(kCountingTries, rivals_, manner, [&](const Query& query) { return Counts(query); });
      if (counting) return counting;
    }
    if (wanted(options_.nearness_share) && !rivals_.empty()) {
      auto near = PresentThat(kNearnessTries, rivals_, manner, SaysHowNear);
      if (near) return near;
    }
    if (wanted(options_.comparing_share)) {
      auto comparing = PresentThat(kComparingTries, rivals_.empty() ? turns : rivals_, manner,
                                   [](const Query& query) { return query.size || query.ordinal; });
      if (comparing) return comparing;
    }
    return PresentThat(kTries, turns, manner, [](const Query&) { return true; });
  }

  // The first of so many that is as `is_wanted` would have it.
  template <typename Condition>
  std::optional<ReferringExpression> PresentThat(int tries, Turns& targets, Manner manner, Condition is_wanted) {
    for (int i = 0; i < tries; ++i) {
      const int target = targets.Next();
      std::optional<Query> query = ChooseUnique(scene_, target, manner, random_);
      if (query && is_wanted(*query)) return Worded(*std::move(query), target, Presence::kPresent, manner);
    }
    return std::nullopt;
  }

  std::optional<ReferringExpression> HardNegative(Manner manner) {
    if (scene_.objects.empty()) return std::nullopt;
    for (int i = 0; i < kTries; ++i) {
      std::optional<Query> query = ChooseHardNegative(scene_, DrawTurns().Next(), manner, random_);
      if (query) return Worded(*std::move(query), -1, Presence::kAbsentAttribute, manner);
    }
    return std::nullopt;
  }

  std::optional<ReferringExpression> AbsentKind(Manner manner) {
    for (int i = 0; i < kTries; ++i) {
      const int model = scene_.objects.empty() ? -1 : DrawTurns().Next();
      std::optional<Query> query = ChooseAbsentKind(scene_, model, manner, random_);
      if (query) return Worded(*std::move(query), -1, Presence::kAbsentKind, manner);
    }
    return std::nullopt;
  }

  ReferringExpression Worded(Query query, int target, Presence presence, Manner manner) {
    ReferringExpression expression;
    expression.text = Word(query, manner, random_);
    expression.target = target;
    expression.presence = presence;
    expression.has_distractor = target >= 0 && HasRival(target);
    expression.query = std::move(query);
    return expression;
  }

  const Scene& scene_;
  const DescribeOptions& options_;
  Random random_;
  std::array<int, kKinds> of_kind_ = {};
  Turns rivals_, singles_;
};

}  // namespace

std::vector<ReferringExpression> Describe(const Scene& scene, std::uint64_t seed, const DescribeOptions& options) {
  Describer describer(scene, seed, options);
  std::vector<ReferringExpression> expressions;
  expressions.reserve(static_cast<std::size_t>(std::max(options.count, 0)));
  // A few more turns than expressions make up for those that fail or come twice.
  for (int turn = 0; turn < 2 * options.count && static_cast<int>(expressions.size()) < options.count; ++turn) {
    std::optional<ReferringExpression> made = describer.Make();
    if (!made) continue;
    const bool known = std::any_of(expressions.begin(), expressions.end(),
                                   [&](const ReferringExpression& other) { return other.text == made->text; });
    if (!known) expressions.push_back(*std::move(made));
  }
  return expressions;
}

}  // namespace lqvg::scenes
