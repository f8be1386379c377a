local fold = require("idle.engine.fold")

describe("idle.engine.fold", function()
  it("takes upper and lower case of Latin, Greek and Cyrillic as equal", function()
    assert.is_true(fold.equal("Straße ÄÖÜ", "STRAßE äöü"))
    assert.is_true(fold.equal("ŁÓDŹ ČESKÝ", "łódź český"))
    assert.is_true(fold.equal("ΑΘΉΝΑ", "αθήνα"))
    assert.is_true(fold.equal("ЖЁ Їжак", "жё їЖАК"))
  end)

  it("takes both forms of the small sigma, and the sharp s, as one", function()
    assert.is_true(fold.equal("ΟΔΟΣ", "οδος"))
    assert.is_true(fold.equal("ß", "ẞ"))
  end)

  it("keeps composed and decomposed letters apart", function()
    assert.is_false(fold.equal("é", "e\u{301}"))
  end)

  it("keeps the Turkish letters apart", function()
    assert.is_false(fold.equal("İ", "i"))
    assert.is_false(fold.equal("ı", "I"))
  end)

  it("passes over bytes that are not UTF-8", function()
    assert.equal("a\xFF\xC3b", fold.case("A\xFF\xC3B"))
  end)
end)
