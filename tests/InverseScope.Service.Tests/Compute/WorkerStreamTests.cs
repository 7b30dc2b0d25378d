using System.Buffers.Binary;
using InverseScope.Core;
using InverseScope.Core.Information;
using InverseScope.Core.Sampling;
using InverseScope.Service.Compute;

namespace InverseScope.Service.Tests.Compute;

public sealed class WorkerStreamTests
{
    [Theory]
    [InlineData("")]
    [InlineData("a\u0001 \"b\" \n <c> é 😀")]
    [InlineData("\u0001begins with the mark")]
    [InlineData("half \ud83d a character")]
    [InlineData("\ude00")]
    public void Every_text_comes_through_as_it_was(string text)
    {
        var call = Assert.IsType<ReadCall>(Through(s => s.Write(new ReadCall(7, 3, "L0H0@last", [text]))).Message);
        Assert.Equal((7, 3, "L0H0@last", text), (call.Id, call.Backend, call.Site, Assert.Single(call.Texts)));
    }

    [Fact]
    public void Samples_come_through_to_the_last_bit()
    {
        var set = new SampleSet(2, [1, 0, 1], [0.25f, float.Epsilon, 0.75f], [0f, float.PositiveInfinity, float.NaN], Math.PI, 3, double.NegativeInfinity)
        {
            Tokens = [new TokenBits("a", 0, -0.1), new TokenBits("", 1, double.NaN)],
            PriorGap = -1e-300,
            Draws = new DrawCounts(5, 1, 1, 1, 2),
        };

        var frame = Through(s => s.Write(9, set));
        var back = WorkerStream.SetOf(Assert.IsType<SetTold>(frame.Message), frame.Numbers, id => id + 10);

        Assert.Equal((12, Math.PI, 3, double.NegativeInfinity, -1e-300), (back.Reference, back.Ess, back.Neighbours, back.Bits, back.PriorGap));
        Assert.Equal([11, 10, 11], back.Texts);
        Assert.Equal(set.Weights, back.Weights);
        Assert.Equal(set.Distances, back.Distances);
        Assert.Equal(set.Tokens, back.Tokens);
        Assert.Equal(set.Draws, back.Draws);
    }

    [Fact]
    public void A_message_that_is_cut_off_is_the_end()
    {
        var bytes = Bytes(s => s.Write(new DoneAnswer(1)));
        for (var length = 0; length < bytes.Length; length++)
            Assert.Null(new WorkerStream(new MemoryStream(bytes[..length]), Stream.Null).Read());
    }

    [Theory]
    [InlineData(int.MaxValue, 0, "")]
    [InlineData(-1, 0, "")]
    [InlineData(2, -1, "{}")]
    [InlineData(2, 0, "{}")]
    [InlineData(4, 0, "null")]
    [InlineData(18, 0, "{\"kind\":\"nothing\"}")]
    public void What_is_no_message_is_refused(int length, int size, string json)
    {
        var bytes = new byte[8 + json.Length];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, length);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), size);
        System.Text.Encoding.ASCII.GetBytes(json).CopyTo(bytes, 8);
        Assert.Throws<InvalidDataException>(() => new WorkerStream(new MemoryStream(bytes), Stream.Null).Read());
    }

    [Fact]
    public void Fewer_numbers_than_were_told_are_refused() =>
        Assert.Throws<InvalidDataException>(() => WorkerStream.SetOf(new SetTold(1, 0, 2, 2, 0, 0, null, null, null, null), new byte[8], id => id));

    [Fact]
    public void Faults_are_thrown_again_as_what_they_were()
    {
        Exception Again(Exception e) => Assert.IsType<FaultAnswer>(Through(s => s.Write(FaultAnswer.Of(1, e))).Message).Thrown(default);
        var bad = Assert.IsType<BadInputException>(Again(new BadInputException("what", "fix")));
        Assert.Equal(("what", "fix"), (bad.What, bad.Fix));
        Assert.Equal("out", Assert.IsType<OutsideServiceException>(Again(new OutsideServiceException("out"))).Message);
        Assert.IsType<NotSupportedException>(Again(new NotSupportedException("no")));
        Assert.IsType<OperationCanceledException>(Again(new OperationCanceledException()));
        Assert.IsType<BadInputException>(Again(new AggregateException(new BadInputException("inner"))));
        var fault = Assert.IsType<WorkerFaultException>(Again(new ArgumentException("odd")));
        Assert.Equal("odd", fault.Message);
        Assert.Contains("ArgumentException", fault.ToString(), StringComparison.Ordinal);
    }

    private static WorkerFrame Through(Action<WorkerStream> write) => new WorkerStream(new MemoryStream(Bytes(write)), Stream.Null).Read()!.Value;

    internal static byte[] Bytes(Action<WorkerStream> write)
    {
        using var written = new MemoryStream();
        write(new WorkerStream(Stream.Null, written));
        return written.ToArray();
    }
}
