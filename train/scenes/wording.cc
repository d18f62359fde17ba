#include "train/scenes/wording.h"

#include <cctype>
#include <string_view>

#include "train/scenes/vocabulary.h"

namespace lqvg::scenes {
namespace {

// Joins words by single blanks; leaves out empty ones.
class Phrase {
 public:
  Phrase& Add(std::string_view words) {
    if (words.empty()) return *this;
    if (!text_.empty()) text_ += ' ';
    text_ += words;
    return *this;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string WithA(const std::string& noun) {
  const bool vowel = std::string_view("aeio").find(noun.front()) != std::string_view::npos;
  return (vowel ? "an " : "a ") + noun;
}

// "large white building", without article.
std::string NounOf(const Query& query, Manner manner, NounUse use, Random& random) {
  Phrase phrase;
  if (query.size) phrase.Add(WordOf(*query.size));
  if (query.colour) phrase.Add(SpellingOf(*query.colour, manner, random));
  phrase.Add(NounOf(query.kind, manner, use, random));
  return phrase.text();
}

std::string LandmarkOf(const Landmark& landmark, const Query& of, RelationWord word, Manner manner, Random& random) {
  const Query& query = landmark.query;
  if (word == RelationWord::kSurroundedBy) {
    const bool article = manner == Manner::kFormal && random.Chance(0.5F);
    return (article ? "the " : "") + NounOf(query, manner, NounUse::kManyLandmarks, random);
  }
  if (landmark.article == Article::kTwo) return "two " + NounOf(query, manner, NounUse::kManyLandmarks, random);
  const std::string noun = NounOf(query, manner, NounUse::kLandmark, random);
  if (landmark.article == Article::kThe || query.size) return "the " + noun;
  // "a red ship left of another white ship" would be odd.
  if (query.kind == of.kind && (!query.colour || query.colour == of.colour)) return "another " + noun;
  return WithA(noun);
}

// "on the left of a pond", "near the pier", "between a ship and another ship".
std::string RelationOf(const Relation& relation, const Query& of, Manner manner, bool located, Random& random) {
  Phrase phrase;
  phrase.Add(located ? LocatedWordsOf(relation.word) : WordsOf(relation.word, manner, random));
  phrase.Add(LandmarkOf(relation.landmarks.front(), of, relation.word, manner, random));
  if (relation.landmarks.size() > 1) {
    phrase.Add("and").Add(LandmarkOf(relation.landmarks[1], of, relation.word, manner, random));
  }
  return phrase.text();
}

// RSVG-HR begins 37 of 100 expressions with "find", 33 with "search", and 30 with the noun.
std::string_view OpeningOf(Random& random) {
  const int hundredth = random.Below(100);
  return hundredth < 37 ? "find" : hundredth < 70 ? "search" : "";
}

// "and it is on the top of a pond and the left of a building"
void AddFormalRelations(const Query& query, Phrase& phrase, Random& random) {
  for (std::size_t i = 0; i < query.relations.size(); ++i) {
    const Relation& relation = query.relations[i];
    const bool direction = static_cast<int>(relation.word) < kDirections;
    const bool located = direction && random.Chance(0.36F);
    // Without a zone before it the relation may follow the noun at once.
    const bool short_link = i == 0 && !query.zone && !query.ordinal && random.Chance(0.6F);
    if (i > 0) {
      phrase.Add("and");
      // "... on the top of a pond and the left of a building": the second "on" is left out more often than not.
      if (direction && !located && random.Chance(0.7F)) {
        phrase.Add(RelationOf(relation, query, Manner::kFormal, false, random).substr(std::string_view("on ").size()));
        continue;
      }
    } else if (short_link) {
      phrase.Add(random.Chance(0.3F) ? "that is" : "");
    } else {
      phrase.Add("and it is");
    }
    phrase.Add(RelationOf(relation, query, Manner::kFormal, located, random));
  }
}

std::string FormalOf(const Query& query, Random& random) {
  Phrase phrase;
  phrase.Add(OpeningOf(random));
  if (query.ordinal) {
    const std::string_view rank = RankOf(query.ordinal->rank);
    const std::string_view side = NameOf(query.ordinal->from);
    Query bare = query;
    bare.size.reset();
    // The second noun must be the first one's plural, so both spellings are canonical.
    phrase.Add("the")
        .Add(rank)
        .Add(NounOf(bare, Manner::kFormal, NounUse::kCanonical, random))
        .Add("from the")
        .Add(side);
    if (query.zone || random.Chance(0.75F)) {
      phrase.Add("of some").Add(NounOf(bare, Manner::kFormal, NounUse::kCanonicalMany, random));
    }
    if (query.zone) phrase.Add("that are").Add(WordsOf(*query.zone, Manner::kFormal, random));
  } else {
    const std::string noun = NounOf(query, Manner::kFormal, NounUse::kTarget, random);
    phrase.Add(query.size ? "the " + noun : WithA(noun));
    if (query.zone) phrase.Add(WordsOf(*query.zone, Manner::kFormal, random));
  }
  AddFormalRelations(query, phrase, random);
  return phrase.text();
}

// "the second ship from the left", "the leftmost ship", "the ship furthest to the left".
std::string PlainOrdinalOf(const Query& query, const std::string& noun, Random& random) {
  const Ordinal& ordinal = *query.ordinal;
  const std::string_view most = MostOf(ordinal.from);
  if (ordinal.rank == 1 && !most.empty() && random.Chance(0.6F)) {
    return Phrase().Add(random.Chance(0.85F) ? "the" : "").Add(most).Add(noun).text();
  }
  return Phrase()
      .Add(random.Chance(0.85F) ? "the" : "")
      .Add(RankOf(ordinal.rank))
      .Add(noun)
      .Add("from the")
      .Add(NameOf(ordinal.from))
      .text();
}

std::string PlainOf(const Query& query, Random& random) {
  Query bare = query;
  if (query.ordinal) bare.size.reset();
  const std::string noun = NounOf(bare, Manner::kPlain, NounUse::kTarget, random);
  Phrase phrase;
  bool after_zone = false;
  if (query.ordinal) {
    phrase.Add(PlainOrdinalOf(query, noun, random));
    if (query.zone) phrase.Add("of those").Add(WordsOf(*query.zone, Manner::kPlain, random));
  } else {
    const int article = random.Below(100);
    // "upper left plane"; a "middle plane" might be the second of three.
    const bool in_front = query.zone && *query.zone < Zone::kFarLeft && !query.size && random.Chance(0.2F);
    Phrase noun_phrase;
    if (in_front) noun_phrase.Add(AdjectiveOf(*query.zone));
    noun_phrase.Add(noun);
    if (query.size) {
      phrase.Add(article < 85 ? "the" : "").Add(noun_phrase.text());
    } else if (article < 55) {
      phrase.Add("the").Add(noun_phrase.text());
    } else {
      phrase.Add(article < 75 ? WithA(noun_phrase.text()) : noun_phrase.text());
    }
    after_zone = query.zone && !in_front;
    if (after_zone) phrase.Add(WordsOf(*query.zone, Manner::kPlain, random));
  }
  for (std::size_t i = 0; i < query.relations.size(); ++i) {
    if (i > 0) phrase.Add("and");
    const std::string relation = RelationOf(query.relations[i], query, Manner::kPlain, false, random);
    // "in the top left that is left of the pier": two places in a row are hard to read.
    const bool hard_to_read = after_zone && (relation.starts_with("left") || relation.starts_with("right"));
    if (i == 0 && (hard_to_read || random.Chance(after_zone ? 0.5F : 0.1F))) phrase.Add("that is");
    phrase.Add(relation);
  }
  std::string text = phrase.text();
  // As in DIOR-RSVG, where some annotators begin as a sentence begins.
  if (random.Chance(0.08F)) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text;
}

}  // namespace

std::string Word(const Query& query, Manner manner, Random& random) {
  return manner == Manner::kFormal ? FormalOf(query, random) : PlainOf(query, random);
}

}  // namespace lqvg::scenes
