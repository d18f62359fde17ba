// Reads DIOR-RSVG: a folder of XML files in the manner of Pascal VOC, one for each picture, and a file of indices that
// says which expressions belong to a part of the set.
//
// Stateless and thread-safe; blocks while it reads (the whole set, 17,402 files: seconds).
//
//   <annotation>
//     <filename>00001.jpg</filename>
//     <object>
//       <name>airplane</name>
//       <bndbox><xmin>1</xmin><ymin>2</ymin><xmax>30</xmax><ymax>40</ymax></bndbox>
//       <description>The airplane on the left</description>
//     </object> ...
//
// An index counts the <object> elements from 0 over all files whose names end in .xml, in the folder and those below
// it. The order of the files is theirs by path, byte by byte: 00001.xml, 00002.xml, ... The official code (LANMNG/LQVG,
// datasets/rsvg.py, as ZhanYang-nwpu/RSVG-pytorch) takes the order in which os.walk meets them, which the file system
// decides: it is by name on some, by hash or by age on others. So where the authors' order was not by name, their
// train, val and test are another division of the same expressions, and no file of the set says which.
//
// Beyond that the official code is followed: files' order and not the index's, each expression once. It takes fields by
// their place in <object>, here they are found by name, which is the same in the published files.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "train/datasets/annotation.h"

namespace lqvg::datasets {

// Skipped, and among the flaws: a box that is empty or inside out, an empty description, an index that is there twice.
//
// NOT_FOUND: no such folder or index file, or no .xml file in the folder. INVALID_ARGUMENT: names the index file and
// line, or the first index beyond the last object; names the XML file and the element, by its path, that is missing or
// not a number; an XML file of more than 4 MiB or that cannot be parsed (entities of its own are not expanded). Objects
// of other parts are counted and not judged.
absl::StatusOr<AnnotationSet> ReadDiorRsvg(const std::string& annotations_dir, const std::string& index_file);

}  // namespace lqvg::datasets
