using InverseScope.Core.Consistency;
using InverseScope.Core.Sampling;
using InverseScope.Core.Specs;

namespace InverseScope.Core.Tests.Specs;

public sealed class LabelColumnTests
{
    [Fact]
    public void Labels_are_computed_once_for_each_text()
    {
        var pool = new TextPool();
        var feature = new CountingFeature();
        var column = new LabelColumn(feature, pool);
        int[] ids = [.. new[] { "a", "bb", "a", "c", "bb", "" }.Select(pool.Add)];
        var codes = new int[ids.Length];
        column.Read(ids, codes);
        column.Read(ids, codes);
        Assert.Equal([0, 1, 0, 0, 1, LabelCode.Undefined], codes);
        Assert.Equal(["1", "2"], column.Labels);
        Assert.Equal(4, feature.Calls);
    }

    [Fact]
    public void Codes_of_a_compiled_rule_stand_for_its_labels()
    {
        var pool = new TextPool();
        var feature = Rules.Compile([new Step.Words(), new Step.In("names"), new Step.Occurring(1), new Step.First()]);
        var column = new LabelColumn(feature, pool);
        string[] texts = ["Mary saw John and Mary", "John saw Anna and John", "nobody", "Anna, Mary, Anna"];
        foreach (var text in texts)
            pool.Add(text);
        var codes = column.ReadFirst(4).ToArray();
        Assert.Equal(texts.Select(feature.Label), codes.Select(c => c < 0 ? null : column.Labels[c]));
        pool.Add("Mary");
        Assert.Equal("Mary", column.Label(4));
    }

    [Fact]
    public void Numbers_and_texts_that_read_the_same_are_one_label()
    {
        var pool = new TextPool();
        var column = new LabelColumn(
            Rules.Compile([new Step.If([new Step.Contains(new Probe.Text("x"))], [new Step.Length()], [new Step.Const("2")])]), pool);
        pool.Add("x1");
        pool.Add("22");
        Assert.Equal(column[0], column[1]);
    }

    private sealed class CountingFeature : IFeature
    {
        public int Calls { get; private set; }

        public string Hash => "";

        public string? Label(string text)
        {
            Calls++;
            return text.Length == 0 ? null : text.Length.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }
    }
}
